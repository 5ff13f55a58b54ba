// The scripted session, driven by the TypeScript SDK.
//
//   node session.mjs '{"sdk": "v1" | "v2", "mode": "legacy" | "auto", "transport": "http",
//                      "url": ..., "key": ..., "plan": PATH, "unique": TEXT}'
//   node session.mjs '{..., "transport": "stdio", "command": ..., "args": [...], "env": {...}}'
//
// stdout: one JSON object a check, then {"done": true}. stderr: the transcript.
import { readFileSync } from 'node:fs';

const spec = JSON.parse(process.argv[2]);
const plan = JSON.parse(readFileSync(spec.plan, 'utf8'));
const report = line => process.stdout.write(`${JSON.stringify(line)}\n`);
const transcript = (mark, text) => process.stderr.write(`${mark} ${text}\n`);

const packageName = spec.sdk === 'v1' ? '@modelcontextprotocol/sdk' : '@modelcontextprotocol/client';
const manifest = new URL(`node_modules/${packageName}/package.json`, import.meta.url);
const version = JSON.parse(readFileSync(manifest, 'utf8')).version;

const { Client, StdioClientTransport, StreamableHTTPClientTransport } = spec.sdk === 'v1'
    ? {
        ...(await import('@modelcontextprotocol/sdk/client/index.js')),
        ...(await import('@modelcontextprotocol/sdk/client/stdio.js')),
        ...(await import('@modelcontextprotocol/sdk/client/streamableHttp.js')),
    }
    : {
        ...(await import('@modelcontextprotocol/client')),
        ...(await import('@modelcontextprotocol/client/stdio')),
    };

let failed = 0;

function need(holds, text) {
    if (!holds) throw new Error(text);
}

async function check(name, body) {
    transcript('##', name);
    let timer;
    const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error('no answer within 30 s')), 30_000);
    });
    try {
        const note = await Promise.race([body(), late]);
        report({ check: name, ok: true, note: note ?? '' });
        return true;
    } catch (error) {
        failed += 1;
        transcript('!!', error.stack ?? error);
        report({ check: name, ok: false, note: String(error) });
        return false;
    } finally {
        clearTimeout(timer);
    }
}

const exchanges = [];

// Hands every exchange on unchanged, and writes it down.
async function recordedFetch(input, init) {
    const method = init?.method ?? 'GET';
    transcript('->', `${method} ${typeof init?.body === 'string' ? init.body : ''}`);
    const response = await fetch(input, init);
    exchanges.push({ method, status: response.status });
    const kind = response.headers.get('content-type') ?? '';
    const body = kind.includes('json') ? await response.clone().text() : '';
    transcript('<-', `${response.status} ${kind} ${body}`);
    return response;
}

function makeTransport() {
    if (spec.transport === 'stdio') {
        return new StdioClientTransport({ command: spec.command, args: spec.args, env: spec.env, stderr: 'inherit' });
    }
    return new StreamableHTTPClientTransport(new URL(spec.url), {
        requestInit: { headers: { Authorization: `Bearer ${spec.key}` } },
        fetch: recordedFetch,
    });
}

// The JSON object in the first content block of a result that is no error.
function answer(result) {
    need(result.content?.length > 0, `no content in ${JSON.stringify(result)}`);
    const text = result.content[0].text ?? '';
    need(!result.isError, `tool error: ${text}`);
    const value = JSON.parse(text);
    need(value && typeof value === 'object' && !Array.isArray(value), `not a JSON object: ${text}`);
    need(Object.keys(value).length > 0, 'an empty object');
    return value;
}

// The id of the first record in the first list of an answer.
function firstId(value) {
    for (const member of Object.values(value)) {
        if (Array.isArray(member) && member[0]?.id !== undefined) return member[0].id;
    }
    throw new Error(`no list of records with an id in ${JSON.stringify(value)}`);
}

// Arguments of the plan with `@word` replaced.
function filled(value, words) {
    if (Array.isArray(value)) return value.map(item => filled(item, words));
    if (value && typeof value === 'object') {
        return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, filled(item, words)]));
    }
    return typeof value === 'string' ? words[value] ?? value : value;
}

report({ version });
const transport = makeTransport();
let negotiated;
// Both SDKs call a handler that was set before connect, then their own.
transport.onmessage = message => {
    negotiated ??= message.result?.protocolVersion;
};
const client = new Client(
    { name: `session-${spec.sdk}`, version: '1.0.0' },
    spec.sdk === 'v2' ? { versionNegotiation: { mode: spec.mode } } : {},
);
const faults = [];
client.onerror = error => {
    transcript('!!', error.stack ?? error);
    faults.push(String(error));
};

const words = { '@unique': spec.unique };
const menu = [];

async function allPages() {
    // Given no cursor, v2 walks the pages itself and says so by an answer without nextCursor.
    const tools = [];
    let cursor;
    let pages = 0;
    do {
        const page = await client.listTools(cursor === undefined ? undefined : { cursor });
        pages += 1;
        tools.push(...page.tools);
        cursor = page.nextCursor;
        need(cursor === undefined || (page.tools.length > 0 && pages < 1000), 'paging does not end');
    } while (cursor !== undefined);
    return { tools, pages };
}

const open = await check('connect', async () => {
    await client.connect(transport);
    const spoken = client.getNegotiatedProtocolVersion?.() ?? negotiated;
    need(spoken === plan.protocol, `negotiated ${spoken}`);
    const server = client.getServerVersion();
    need(server?.name, 'the server does not say its name');
    return `${server.name} ${server.version}, ${spoken}`;
});
if (open) {
    await check('ping', async () => void (await client.ping()));
    await check('list tools', async () => {
        const { tools, pages } = await allPages();
        const names = tools.map(tool => tool.name);
        need(new Set(names).size === names.length, 'a tool is listed twice');
        const bare = tools.filter(tool => !tool.description || tool.inputSchema?.type !== 'object');
        need(bare.length === 0, `no description or no object schema: ${bare.map(tool => tool.name)}`);
        for (const wanted of [plan.read.tool, plan.search.tool]) {
            need(names.includes(wanted), `\`${wanted}\` is not in ${names}`);
        }
        const again = (await allPages()).tools.map(tool => tool.name);
        need(JSON.stringify(again) === JSON.stringify(names), 'the order changed between two lists');
        menu.push(...names);
        return spec.sdk === 'v1' ? `${names.length} tools, ${pages} page(s)` : `${names.length} tools`;
    });
    await check('read', async () => {
        answer(await client.callTool({ name: plan.read.tool, arguments: plan.read.arguments }));
        return plan.read.tool;
    });
    await check('search', async () => {
        const found = answer(await client.callTool({ name: plan.search.tool, arguments: plan.search.arguments }));
        words['@contact'] = firstId(found);
        return plan.search.tool;
    });
    await check('dry run, then confirm', async () => {
        const write = plan.writes.find(candidate => menu.includes(candidate.tool));
        need(write, 'the menu offers none of the writes of the plan');
        const given = filled(write.arguments, words);
        const preview = answer(await client.callTool({ name: write.tool, arguments: { ...given, dry_run: true } }));
        need(preview.dry_run === true, `not marked as a dry run: ${JSON.stringify(preview)}`);
        need(preview.changes?.length > 0, `a dry run without changes: ${JSON.stringify(preview)}`);
        need(typeof preview.confirm === 'string' && preview.confirm, 'a dry run without confirm');
        const call = { name: write.tool, arguments: { ...given, confirm: preview.confirm } };
        const done = answer(await client.callTool(call));
        need(!done.dry_run, `the confirmed write was a dry run: ${JSON.stringify(done)}`);
        return write.tool;
    });
    await check('bad argument is a tool error', async () => {
        for (const bad of plan.bad) {
            const result = await client.callTool({ name: bad.tool, arguments: bad.arguments });
            need(result.isError === true, `accepted ${JSON.stringify(bad.arguments)}: ${JSON.stringify(result)}`);
            need(result.content[0]?.text, 'no word on what is wrong');
        }
    });
    await check('unknown tool is a protocol error', async () => {
        let result;
        try {
            result = await client.callTool({ name: plan.unknown_tool, arguments: {} });
        } catch (error) {
            need(error.code === -32602, `code ${error.code}: ${error}`);
            return String(error.code);
        }
        throw new Error(`answered ${JSON.stringify(result)}`);
    });
    await check('ping after errors', async () => void (await client.ping()));
    await check('no stray faults', async () => need(faults.length === 0, faults.join('; ')));
    await check('close', async () => {
        const started = performance.now();
        if (spec.transport === 'http') {
            need(transport.sessionId, 'the server gave no session');
            await transport.terminateSession();
            const ends = exchanges.filter(exchange => exchange.method === 'DELETE').map(exchange => exchange.status);
            need(ends.length === 1 && [200, 204].includes(ends[0]), `DELETE answered ${ends}`);
        }
        await client.close();
        const took = performance.now() - started;
        // The SDK waits two seconds before it kills a server that does not go by itself.
        need(took < 1800, `took ${took.toFixed(0)} ms`);
        return `${took.toFixed(0)} ms`;
    });
}
report({ done: true });
process.exit(failed ? 1 : 0);
