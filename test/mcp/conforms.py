#!/usr/bin/env python3
"""conforms.py LIST RESULT...: does the structuredContent of each answer conform
to the output schema of its tool?  LIST is the answer to tools/list; RESULT is
NAME=FILE, an answer to tools/call.  Knows the words of JSON Schema that our
schemas use, and no others."""
import json
import re
import sys

TYPES = {"object": dict, "array": list, "string": str, "boolean": bool,
         "null": type(None)}


def is_type(v, t):
    if t == "integer":
        return isinstance(v, int) and not isinstance(v, bool)
    return isinstance(v, TYPES[t])


def check(v, s, at):
    def bad(what):
        sys.exit("%s: %s: %.200r" % (at, what, v))

    types = s["type"] if isinstance(s.get("type"), list) else [s["type"]]
    if not any(is_type(v, t) for t in types):
        bad("is no %s" % types)
    if "enum" in s and v not in s["enum"]:
        bad("is none of %s" % s["enum"])
    if isinstance(v, str) and not re.search(s.get("pattern", ""), v):
        bad("does not match %s" % s["pattern"])
    if is_type(v, "integer") and not s.get("minimum", v) <= v <= s.get("maximum", v):
        bad("is out of range")
    if isinstance(v, list) and "items" in s:
        for i, e in enumerate(v):
            check(e, s["items"], "%s[%d]" % (at, i))
    if isinstance(v, dict):
        props = s.get("properties", {})
        for k in s.get("required", []):
            if k not in v:
                bad("has no " + k)
        for k, more in s.get("dependentRequired", {}).items():
            if k in v and not set(more) <= set(v):
                bad("has %s and not all of %s" % (k, more))
        for k in v:
            if k in props:
                check(v[k], props[k], at + "." + k)
            elif s.get("additionalProperties") is False:
                bad("has an unknown " + k)
    unknown = set(s) - {"type", "enum", "pattern", "minimum", "maximum",
                        "items", "properties", "required", "description",
                        "dependentRequired", "additionalProperties"}
    if unknown:
        sys.exit("%s: the schema has %s, which is not checked" % (at, unknown))


def main():
    with open(sys.argv[1]) as f:
        tools = {t["name"]: t for t in json.load(f)["result"]["tools"]}
    for arg in sys.argv[2:]:
        name, path = arg.split("=", 1)
        with open(path) as f:
            r = json.load(f)["result"]
        check(r["structuredContent"], tools[name]["outputSchema"], name)
        if r["content"][0]["text"] != r["structuredContent"]["text"]:
            sys.exit(name + ": text and structuredContent differ")


main()
