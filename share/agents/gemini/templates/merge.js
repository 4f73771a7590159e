// merge.js FILE OVER...: lay JSON objects over the one in FILE, in this order;
// what they do not name stays.  What is no JSON does not count.
const fs = require("fs")
const read = (file) => {
  try {
    return JSON.parse(fs.readFileSync(file, "utf8"))
  } catch {
    return {}
  }
}
const isObject = (v) => v !== null && typeof v === "object" && !Array.isArray(v)
const lay = (under, over) => {
  if (!isObject(under) || !isObject(over)) return over
  for (const key of Object.keys(over))
    Object.defineProperty(under, key, {
      value: key in under ? lay(under[key], over[key]) : over[key],
      enumerable: true, writable: true, configurable: true,
    })
  return under
}
const [file, ...over] = process.argv.slice(2)
const all = over.reduce((under, name) => lay(under, read(name)), read(file))
// a key in the environment is the login
if (process.env.GEMINI_API_KEY)
  lay(all, { security: { auth: { selectedType: "gemini-api-key" } } })
fs.writeFileSync(file + ".new", JSON.stringify(all, null, 2) + "\n", { mode: 0o600 })
fs.renameSync(file + ".new", file)
