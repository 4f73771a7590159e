// trust.js FILE PATH: FILE says that the folder PATH is trusted; all else in it
// stays.  What is no JSON object is not touched.
const fs = require("fs")
const [file, path] = process.argv.slice(2)
const isObject = (v) => v !== null && typeof v === "object" && !Array.isArray(v)
let all
try {
  all = JSON.parse(fs.readFileSync(file, "utf8"))
} catch {
  process.exit(0)
}
if (!isObject(all)) process.exit(0)
if (!isObject(all.projects)) all.projects = {}
const had = Object.hasOwn(all.projects, path) ? all.projects[path] : {}
const project = isObject(had) ? had : {}
if (project.hasTrustDialogAccepted === true) process.exit(0)
project.hasTrustDialogAccepted = true
project.hasCompletedProjectOnboarding = true
all.projects[path] = project
const next = `${file}.${process.pid}`
fs.writeFileSync(next, JSON.stringify(all, null, 2) + "\n", { mode: 0o600 })
fs.renameSync(next, file)
