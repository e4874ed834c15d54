//! Putting a table into a document, between two markers.

use std::fs;
use std::io::{Error, Result};
use std::path::Path;

/// Replaces what lies between `<!-- begin SECTION -->` and `<!-- end SECTION -->` by the table and what the
/// machine is.
pub(crate) fn replace(file: &Path, section: &str, table: &str, machine: &str) -> Result<()> {
    let content = format!("{table}\nOn {machine}.");
    let text = fs::read_to_string(file)?;
    let replaced = replaced(&text, section, &content);
    let missing = || Error::other(format!("{} has no markers for {section}", file.display()));
    fs::write(file, replaced.ok_or_else(missing)?)
}

fn replaced(text: &str, section: &str, content: &str) -> Option<String> {
    let (begin, end) = (format!("<!-- begin {section} -->"), format!("<!-- end {section} -->"));
    let (before, rest) = text.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}\n\n{content}\n\n{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::replaced;

    #[test]
    fn only_the_section_changes_and_a_second_run_replaces_the_first() {
        let text = "a\n<!-- begin x -->\nold\n<!-- end x -->\nb\n<!-- begin y -->\n<!-- end y -->\n";
        let once = replaced(text, "x", "new").unwrap();
        assert_eq!(
            once,
            "a\n<!-- begin x -->\n\nnew\n\n<!-- end x -->\nb\n<!-- begin y -->\n<!-- end y -->\n"
        );
        assert_eq!(replaced(&once, "x", "new").unwrap(), once);
        assert_eq!(replaced(text, "z", "new"), None);
        assert_eq!(replaced("<!-- end x --><!-- begin x -->", "x", "new"), None);
    }
}
