// A server of the stateless era on the TypeScript v2 server package, which
// serves clients of the older era from the same tools.
//
//   node modern-server.mjs stdio
//   PORT=n node modern-server.mjs http     serves /mcp on 127.0.0.1
import { createServer } from "node:http";
import { acceptedContent, createMcpHandler, inputRequired, McpServer } from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import { z } from "zod";

const text = (s) => ({ content: [{ type: "text", text: s }] });

function build() {
  const server = new McpServer(
    { name: "callgate-modern-peer", version: "1.0.0" },
    { capabilities: { tools: {}, resources: {}, prompts: {}, logging: {} }, instructions: "Call echo." },
  );
  const readOnly = { readOnlyHint: true, openWorldHint: false };
  server.registerTool(
    "echo",
    { description: "Repeats its message", inputSchema: z.object({ message: z.string() }), annotations: readOnly },
    async ({ message }) => text(`echo: ${message}`),
  );
  server.registerTool(
    "sum",
    {
      description: "Adds two numbers",
      inputSchema: z.object({ a: z.number(), b: z.number() }),
      outputSchema: z.object({ total: z.number() }),
      annotations: readOnly,
    },
    async ({ a, b }) => ({ ...text(`${a + b}`), structuredContent: { total: a + b } }),
  );
  server.registerTool("fail", { description: "Always fails", annotations: readOnly }, async () => ({ ...text("as asked"), isError: true }));
  server.registerTool("greet", { description: "Asks for a name, then greets", annotations: readOnly }, async (ctx) => {
    const given = acceptedContent(ctx.mcpReq.inputResponses, "who", z.looseObject({ name: z.string() }));
    if (given) return text(`Hello, ${given.name}`);
    const who = inputRequired.elicit({ message: "What is your name?", requestedSchema: z.object({ name: z.string() }) });
    return inputRequired({ inputRequests: { who }, requestState: "round-1" });
  });
  server.registerTool("steps", { description: "Reports progress", annotations: readOnly }, async (ctx) => {
    const progressToken = ctx.mcpReq._meta?.progressToken;
    for (let progress = 1; progress <= 3; progress++) {
      if (progressToken !== undefined) {
        await ctx.mcpReq.notify({ method: "notifications/progress", params: { progressToken, progress, total: 3 } });
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return text("three steps");
  });
  server.registerResource("note", "note://one", { mimeType: "text/plain" }, async (uri) => ({
    contents: [{ uri: uri.href, mimeType: "text/plain", text: "A plain note." }],
  }));
  server.registerPrompt("ask", { argsSchema: z.object({ about: z.string() }) }, async ({ about }) => ({
    messages: [{ role: "user", content: { type: "text", text: `Tell me about ${about}.` } }],
  }));
  return server;
}

if (process.argv[2] === "stdio") {
  serveStdio(build);
} else {
  const handler = createMcpHandler(build);
  createServer((req, res) => relay(handler, req, res)).listen(Number(process.env.PORT), "127.0.0.1");
}

// relay puts a handler of web requests on a Node server.
async function relay(handler, req, res) {
  const gone = new AbortController();
  res.on("close", () => gone.abort());
  const body = req.method === "POST" ? Buffer.concat(await Array.fromAsync(req)) : undefined;
  const request = new Request(`http://${req.headers.host}${req.url}`, {
    method: req.method, headers: req.headers, body, signal: gone.signal,
  });
  try {
    const answer = await handler.fetch(request);
    res.writeHead(answer.status, Object.fromEntries(answer.headers));
    for await (const chunk of answer.body ?? []) res.write(chunk);
    res.end();
  } catch (e) {
    if (!gone.signal.aborted) console.error(e);
    res.destroy();
  }
}
