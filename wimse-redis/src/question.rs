//! One round trip: what Redis is asked, and how its answer is read.

use redis::{Pipeline, Value};
use wimse_core::replay::Use;

use crate::fault::Fault;

/// A pipeline of commands to one server. The proof comes first: if the mark is still there after it, nothing was
/// forgotten before it.
pub(crate) struct Question<'a> {
    /// The key of a proof to use up, and for how many milliseconds to remember it.
    pub(crate) proof: Option<(&'a str, i64)>,
    /// The key of the mark of this part of the memory.
    pub(crate) mark: &'a str,
    /// Whether to ask which process this is.
    pub(crate) identify: bool,
    /// Whether to ask if keys may be evicted.
    pub(crate) audit: bool,
}

/// What Redis said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) used: Option<Use>,
    pub(crate) mark: Option<Mark>,
    /// Redis's clock, in milliseconds since the epoch.
    pub(crate) now: i64,
    pub(crate) run_id: Option<String>,
    pub(crate) evicts: bool,
}

/// Tells which process began to remember, and when: by the time that is left of a fixed one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) by: Vec<u8>,
    /// Milliseconds.
    pub(crate) left: i64,
}

impl Question<'_> {
    pub(crate) fn pipeline(&self) -> Pipeline {
        let mut pipeline = Pipeline::with_capacity(self.len());
        if let Some((key, milliseconds)) = self.proof {
            pipeline.cmd("SET").arg(key).arg(1).arg("NX").arg("PX").arg(milliseconds);
        }
        pipeline.cmd("GET").arg(self.mark).cmd("PTTL").arg(self.mark).cmd("TIME");
        if self.identify {
            pipeline.cmd("INFO").arg("server");
        }
        if self.audit {
            pipeline.cmd("INFO").arg("memory");
        }
        pipeline
    }

    pub(crate) fn len(&self) -> usize {
        3 + usize::from(self.proof.is_some()) + usize::from(self.identify) + usize::from(self.audit)
    }

    pub(crate) fn read(&self, values: Vec<Value>) -> Result<Reply, Fault> {
        let mut values = values.into_iter();
        let mut next = || match values.next() {
            Some(Value::ServerError(error)) => Err(Fault::of_server(&error)),
            Some(value) => Ok(value),
            None => Err(Fault::Unreadable),
        };
        let used = match self.proof.map(|_| next()).transpose()? {
            None => None,
            Some(Value::Okay) => Some(Use::First),
            Some(Value::Nil) => Some(Use::Again),
            Some(_) => return Err(Fault::Unreadable),
        };
        let by = match next()? {
            Value::Nil => None,
            Value::BulkString(by) => Some(by),
            _ => return Err(Fault::Unreadable),
        };
        let Value::Int(left) = next()? else { return Err(Fault::Unreadable) };
        // A mark without an end is nobody's, and one that went between the two questions is none.
        let mark = by.filter(|_| left >= 0).map(|by| Mark { by, left });
        let now = time(&next()?).ok_or(Fault::Unreadable)?;
        let run_id = if self.identify { field(&next()?, "run_id").map(str::to_owned) } else { None };
        let evicts = self.audit && {
            let memory = next()?;
            let never = field(&memory, "maxmemory_policy") == Some("noeviction");
            !never && field(&memory, "maxmemory") != Some("0")
        };
        Ok(Reply { used, mark, now, run_id, evicts })
    }
}

/// The answer to `TIME`: seconds and microseconds, as text.
fn time(value: &Value) -> Option<i64> {
    let Value::Array(parts) = value else { return None };
    let [seconds, micros] = parts.as_slice() else { return None };
    let number = |value: &Value| text(value)?.parse::<i64>().ok().filter(|number| *number >= 0);
    number(seconds)?.checked_mul(1_000)?.checked_add(number(micros)? / 1_000)
}

/// A field of an answer to `INFO`.
fn field<'v>(info: &'v Value, name: &str) -> Option<&'v str> {
    let value = |line: &'v str| line.strip_prefix(name)?.strip_prefix(':');
    text(info)?.lines().find_map(value).map(str::trim_end).filter(|value| !value.is_empty())
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::BulkString(octets) => std::str::from_utf8(octets).ok(),
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bulk(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    fn time_of(seconds: &str, micros: &str) -> Value {
        Value::Array(vec![bulk(seconds), bulk(micros)])
    }

    const QUESTION: Question<'_> = Question { proof: Some(("k", 5)), mark: "m", identify: true, audit: true };

    fn answer() -> Vec<Value> {
        vec![
            Value::Okay,
            bulk("abc"),
            Value::Int(7),
            time_of("12", "345678"),
            bulk("# Server\r\nredis_version:7\r\nrun_id:abc\r\n"),
            bulk("maxmemory:0\r\nmaxmemory_policy:allkeys-lru\r\n"),
        ]
    }

    #[test]
    fn one_pipeline_uses_up_the_proof_first() {
        let sent = String::from_utf8(QUESTION.pipeline().get_packed_pipeline()).unwrap();
        let words: Vec<_> = sent.split("\r\n").filter(|word| !word.starts_with(['*', '$'])).collect();
        assert_eq!(words.join(" ").trim(), "SET k 1 NX PX 5 GET m PTTL m TIME INFO server INFO memory");
    }

    #[test]
    fn an_answer_is_read() {
        let reply = QUESTION.read(answer()).unwrap();
        let mark = Some(Mark { by: b"abc".to_vec(), left: 7 });
        let run_id = Some("abc".to_owned());
        assert_eq!(reply, Reply { used: Some(Use::First), mark, now: 12_345, run_id, evicts: false });
    }

    #[test]
    fn whatever_is_not_as_expected_is_no_first_use() {
        type Read = fn(Result<Reply, Fault>) -> bool;
        let unreadable: Read = |read| read == Err(Fault::Unreadable);
        let rows: [(usize, Value, Read); 16] = [
            (0, Value::Nil, |read| read.unwrap().used == Some(Use::Again)),
            (0, Value::Int(1), unreadable),
            (0, bulk("OK"), unreadable),
            (1, Value::Nil, |read| read.unwrap().mark.is_none()),
            (1, Value::Int(1), unreadable),
            (2, Value::Int(-1), |read| read.unwrap().mark.is_none()),
            (2, Value::Int(-2), |read| read.unwrap().mark.is_none()),
            (2, bulk("7"), unreadable),
            (3, Value::Array(vec![bulk("12")]), unreadable),
            (3, time_of("-12", "0"), unreadable),
            (3, time_of("9223372036854775807", "0"), unreadable),
            (4, bulk("run_id:\r\n"), |read| read.unwrap().run_id.is_none()),
            (4, Value::Nil, |read| read.unwrap().run_id.is_none()),
            (5, bulk("maxmemory:1\r\nmaxmemory_policy:volatile-ttl\r\n"), |read| read.unwrap().evicts),
            (5, bulk("maxmemory:1\r\nmaxmemory_policy:noeviction\r\n"), |read| !read.unwrap().evicts),
            (5, bulk("used_memory:1\r\n"), |read| read.unwrap().evicts),
        ];
        for (at, value, right) in rows {
            let mut values = answer();
            values[at] = value.clone();
            let read = QUESTION.read(values);
            assert!(right(read.clone()), "{at} {value:?}: {read:?}");
        }
        for len in 0..6 {
            assert_eq!(
                QUESTION.read(answer().into_iter().take(len).collect()),
                Err(Fault::Unreadable),
                "{len}"
            );
        }
    }
}
