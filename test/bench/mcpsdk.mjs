// The same tool on the official TypeScript SDK, stateless, JSON answers: the
// form that its documentation gives for a server without sessions.
import { createServer } from "node:http";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";

function make() {
	const server = new McpServer({ name: "bench", version: "1" });
	server.registerTool("noop", { description: "Does nothing." },
	    async () => ({
		content: [{ type: "text", text: "ok" }],
		structuredContent: { text: "ok" },
	    }));
	return server;
}

const http = createServer(async (req, res) => {
	const server = make();
	const transport = new StreamableHTTPServerTransport({
		sessionIdGenerator: undefined,
		enableJsonResponse: true,
	});
	res.on("close", () => {
		transport.close();
		server.close();
	});
	await server.connect(transport);
	await transport.handleRequest(req, res);
});
http.listen(0, "127.0.0.1", () => console.log(http.address().port));
