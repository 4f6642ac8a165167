// Plays one plan with one MCP client and prints what the client saw, as JSON.
//
//   node session.mjs v1|v2|v2-auto < plan.json
//
// The plan: {"target": {"url"} | {"command", "args"}, "headers": {}?,
// "capabilities": {}, "steps": [{"method", "params", "progress"?} |
// {"await": METHOD}]}. The transcript: {"server", "steps", "asked"}, where
// "asked" is what the server asked of the client.
import { z } from "zod";

const limit = 30_000; // milliseconds for one step

const plan = JSON.parse(await readAll(process.stdin));
const { client, transport, request } = await connectable(process.argv[2], plan);
const asked = [];
const heard = listen(client);
answer(client, plan.capabilities ?? {}, asked);

const version = versionOf(client, transport);
await client.connect(transport);
const steps = [];
for (const step of plan.steps) steps.push(await play(step));
const transcript = {
  server: {
    version: version(),
    capabilities: client.getServerCapabilities() ?? null,
    info: client.getServerVersion() ?? null,
    instructions: client.getInstructions() ?? null,
  },
  steps,
  // A request that no call waits for, such as roots/list, comes at any time.
  asked: asked.sort((a, b) => (a.method < b.method ? -1 : a.method > b.method ? 1 : 0)),
};
await client.close();
process.stdout.write(JSON.stringify(transcript, null, 1) + "\n", () => process.exit(0));

async function play(step) {
  if (step.await) return { await: step.await, heard: await heard.next(step.await) };
  const out = { method: step.method, name: step.params?.name ?? step.params?.uri };
  const progress = [];
  const options = { timeout: limit };
  if (step.progress) options.onprogress = (p) => progress.push(p);
  try {
    out.result = await request({ method: step.method, params: step.params }, options);
  } catch (e) {
    out.error = failure(e);
  }
  // A client may drop the last report when the result comes in the same read.
  if (step.progress) out.progress = progress.filter((p) => p.progress !== p.total);
  return out;
}

// failure is the error as the server sent it. In the stateless era HTTP carries
// errors with a status of their own, which the client then reports instead.
function failure(e) {
  try {
    const { error } = JSON.parse(e.data.text);
    if (error) return { code: error.code, message: error.message, data: error.data ?? null };
  } catch {
    // Not such an error.
  }
  return { code: e.code ?? null, message: e.message, data: e.data ?? null };
}

// versionOf tells the negotiated version, which version 1 of the SDK keeps to
// itself but hands to its transport.
function versionOf(client, transport) {
  if (client.getNegotiatedProtocolVersion) return () => client.getNegotiatedProtocolVersion();
  let told = null;
  const hand = transport.setProtocolVersion?.bind(transport);
  transport.setProtocolVersion = (v) => {
    told = v;
    hand?.(v);
  };
  return () => told;
}

// listen keeps every notification, so that none is lost before it is awaited.
function listen(client) {
  const got = [];
  let wake = () => {};
  client.fallbackNotificationHandler = async (n) => {
    got.push(n);
    wake();
  };
  return {
    async next(method) {
      const end = Date.now() + limit;
      for (;;) {
        const i = got.findIndex((n) => n.method === method);
        if (i >= 0) return got.splice(i, 1)[0];
        const left = end - Date.now();
        if (left <= 0) return "nothing arrived";
        await new Promise((resolve) => {
          wake = resolve;
          setTimeout(resolve, left).unref();
        });
      }
    },
  };
}

// answer gives the same fixed answers to what a server asks of its client.
function answer(client, capabilities, asked) {
  const reply = {
    "sampling/createMessage": { model: "fixed", role: "assistant", stopReason: "endTurn", content: { type: "text", text: "A fixed answer." } },
    "elicitation/create": { action: "accept", content: { name: "Ada", check: true, email: "ada@example.com", integer: 7 } },
    "roots/list": { roots: [{ uri: "file:///tmp", name: "scratch" }] },
  };
  client.fallbackRequestHandler = async (r) => {
    asked.push({ method: r.method, params: r.params ?? null });
    return reply[r.method] ?? {};
  };
  for (const [method, schema] of handlers(client, capabilities)) {
    client.setRequestHandler(schema, async (r) => {
      asked.push({ method, params: r.params ?? null });
      return reply[method];
    });
  }
}

function handlers(client, capabilities) {
  const wanted = [];
  if (capabilities.sampling) wanted.push("sampling/createMessage");
  if (capabilities.elicitation) wanted.push("elicitation/create");
  if (capabilities.roots) wanted.push("roots/list");
  return wanted.map((method) => [method, client.schemas ? client.schemas[method] : method]);
}

async function connectable(kind, plan) {
  const who = { name: "callgate-peer", version: "1.0.0" };
  const capabilities = plan.capabilities ?? {};
  if (kind === "v1") return v1(who, capabilities, plan);
  if (kind !== "v2" && kind !== "v2-auto") throw new Error(`unknown client ${kind}`);
  const { Client, StreamableHTTPClientTransport } = await import("@modelcontextprotocol/client");
  const { StdioClientTransport } = await import("@modelcontextprotocol/client/stdio");
  const options = { capabilities };
  if (kind === "v2-auto") options.versionNegotiation = { mode: "auto" };
  const client = new Client(who, options);
  const transport = wire(plan, StreamableHTTPClientTransport, StdioClientTransport);
  // As programs do: the client learns from its list which arguments become headers.
  const request = (r, o) => {
    if (r.method === "tools/list") return client.listTools(r.params, o);
    if (r.method === "tools/call") return client.callTool(r.params, o);
    return client.request(r, z.looseObject({}), o);
  };
  return { client, transport, request };
}

async function v1(who, capabilities, plan) {
  const { Client } = await import("@modelcontextprotocol/sdk/client/index.js");
  const { StreamableHTTPClientTransport } = await import("@modelcontextprotocol/sdk/client/streamableHttp.js");
  const { StdioClientTransport } = await import("@modelcontextprotocol/sdk/client/stdio.js");
  const types = await import("@modelcontextprotocol/sdk/types.js");
  const client = new Client(who, { capabilities });
  client.schemas = {
    "sampling/createMessage": types.CreateMessageRequestSchema,
    "elicitation/create": types.ElicitRequestSchema,
    "roots/list": types.ListRootsRequestSchema,
  };
  const transport = wire(plan, StreamableHTTPClientTransport, StdioClientTransport);
  const request = (r, o) => (r.method === "tools/call" ? client.callTool(r.params, undefined, o) : client.request(r, types.ResultSchema, o));
  return { client, transport, request };
}

function wire(plan, Http, Stdio) {
  const { url, command, args } = plan.target;
  if (url) return new Http(new URL(url), { requestInit: { headers: plan.headers ?? {} } });
  return new Stdio({ command, args, env: { ...process.env }, stderr: "inherit" });
}

async function readAll(stream) {
  let text = "";
  for await (const chunk of stream) text += chunk;
  return text;
}
