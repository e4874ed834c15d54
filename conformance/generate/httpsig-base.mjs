// Signature bases (RFC 9421 §2.5) and the two signature fields, straight from the text of the RFC.
import { Raw } from "./jose.mjs";

/** A bare item of a structured field: numbers, booleans, strings, byte sequences, or a Raw text. */
function item(value) {
  if (value instanceof Raw) return value.text;
  if (value === true) return "?1";
  if (value === false) return "?0";
  if (typeof value === "number") return String(value);
  if (value instanceof Buffer) return `:${value.toString("base64")}:`;
  return `"${value.replace(/[\\"]/g, "\\$&")}"`;
}

const parameter = ([name, value]) => (value === true ? `;${name}` : `;${name}=${item(value)}`);

/** The inner list of components with its parameters; `undefined` leaves a parameter out. */
export function signatureParams(components, params) {
  const list = Object.entries(params).filter(([, value]) => value !== undefined);
  return `(${components.join(" ")})${list.map(parameter).join("")}`;
}

const lines = (message, name) => message.headers.filter(([n]) => n.toLowerCase() === name).map(([, value]) => value.trim());

function target(request) {
  const [, uri] = request.start_line.split(" ");
  const absolute = /^https?:\/\/([^/?]*)(.*)$/.exec(uri);
  const [host, rest] = absolute ? absolute.slice(1) : [lines(request, "host")[0], uri];
  const mark = rest.indexOf("?");
  const [path, query] = mark < 0 ? [rest, ""] : [rest.slice(0, mark), rest.slice(mark)];
  return { uri, authority: (host ?? "").toLowerCase().replace(/:443$/, ""), path: path || "/", query };
}

function derived(name, message, argument) {
  if (name === "@status") return message.start_line.split(" ")[1];
  const { uri, authority, path, query } = target(message);
  switch (name) {
    case "@method": return message.start_line.split(" ")[0];
    case "@path": return path;
    case "@query": return query || "?";
    case "@request-target": return uri;
    case "@authority": return authority;
    case "@scheme": return "https";
    case "@target-uri": return `https://${authority}${path}${query}`;
    case "@query-param": return new URLSearchParams(query).get(argument);
    default: throw new Error(`no value for ${name}`);
  }
}

/** The value of a component, given as it is written in Signature-Input. */
function value(component, message, request) {
  const [, name, rest] = /^"([^"]*)"(.*)$/.exec(component);
  const source = /;req\b/.test(rest) ? request : message;
  if (name.startsWith("@")) return derived(name, source, /;name="([^"]*)"/.exec(rest)?.[1]);
  const values = lines(source, name);
  if (/;bs\b/.test(rest)) return values.map((v) => item(Buffer.from(v))).join(", ");
  const key = /;key="([^"]*)"/.exec(rest)?.[1];
  if (key === undefined) return values.join(", ");
  return values.join(", ").split(/, */).find((member) => member.startsWith(`${key}=`)).slice(key.length + 1);
}

/** The base over a message. `values` has what a signer claims for components that have no value. */
export function signatureBase({ components, params, values = {}, message, request }) {
  const line = (c) => `${c}: ${values[c] ?? value(c, message, request)}`;
  return [...components.map(line), `"@signature-params": ${params}`].join("\n");
}

/** The members of both fields for one signature. */
export const members = (label, params, signature) => ({
  input: `${label}=${params}`,
  signature: `${label}=${item(signature)}`,
});
