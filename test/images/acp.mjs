// acp.mjs SDK COMMAND...: an Agent Client Protocol client.  It starts the
// command, opens a session in /app (or ACP_CWD), says "go", allows whatever it
// is asked, and prints all that came back as lines of JSON, then "stop REASON".
import { spawn } from "node:child_process";
import { pathToFileURL } from "node:url";
import { Readable, Writable } from "node:stream";

const [sdk, ...command] = process.argv.slice(2);
const acp = await import(pathToFileURL(sdk));
const child = spawn(command[0], command.slice(1), {
  stdio: ["pipe", "pipe", "inherit"],
});
const ended = new Promise((resolve) => child.on("exit", resolve));
const say = (kind, value) => console.log(kind + " " + JSON.stringify(value));

const client = acp
  .client({ name: "aipod-test" })
  .onRequest(acp.methods.client.session.requestPermission, ({ params }) => {
    say("permission", params);
    return {
      outcome: { outcome: "selected", optionId: params.options[0].optionId },
    };
  })
  .onNotification(acp.methods.client.session.update, ({ params }) =>
    say("update", params.update),
  );
const stream = acp.ndJsonStream(
  Writable.toWeb(child.stdin),
  Readable.toWeb(child.stdout),
);
await client.connectWith(stream, async (agent) => {
  const hello = await agent.request(acp.methods.agent.initialize, {
    protocolVersion: acp.PROTOCOL_VERSION,
    clientCapabilities: {},
  });
  say("agent", hello);
  const session = await agent.request(acp.methods.agent.session.new, {
    cwd: process.env.ACP_CWD ?? "/app",
    mcpServers: [],
  });
  say("session", session);
  const answer = await agent.request(acp.methods.agent.session.prompt, {
    sessionId: session.sessionId,
    prompt: [{ type: "text", text: "go" }],
  });
  console.log("stop " + answer.stopReason);
});
child.stdin.end();
setTimeout(() => child.kill(), 10000).unref();
console.log("exit " + (await ended));
process.exit(0);
