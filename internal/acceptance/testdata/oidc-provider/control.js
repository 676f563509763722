// What a test reads and sets of the server, by HTTP on the same address: nothing of it is OAuth.
import { advance } from './clock.js';

const counters = {
  token: 0, refresh: 0, refused: 0, reused: 0, introspected: 0, revoked: 0, pushed: 0, device: 0, registered: 0, updated: 0, deleted: 0,
};
const log = [];
const faults = [];

// watch counts by what the library itself announces, and keeps a line for each request. No secret goes into it.
export function watch(provider) {
  const count = (event, name) => provider.on(event, () => { counters[name] += 1; });
  provider.on('grant.success', (ctx) => {
    counters.token += 1;
    if (ctx.oidc.params.grant_type === 'refresh_token') counters.refresh += 1;
  });
  provider.on('grant.error', (ctx, error) => {
    counters.refused += 1;
    if (/already (used|consumed)/.test(error.error_detail)) counters.reused += 1;
  });
  count('pushed_authorization_request.success', 'pushed');
  count('device_authorization.success', 'device');
  count('registration_create.success', 'registered');
  count('registration_update.success', 'updated');
  count('registration_delete.success', 'deleted');
  provider.use(async (ctx, next) => {
    await next();
    if (ctx.status === 200 && ctx.path === '/token/introspection') counters.introspected += 1;
    if (ctx.status === 200 && ctx.path === '/token/revocation') counters.revoked += 1;
    log.push({
      method: ctx.method,
      path: ctx.path,
      status: ctx.status,
      error: ctx.body?.error,
      error_description: ctx.body?.error_description,
      client_id: ctx.oidc?.client?.clientId,
      grant_type: ctx.oidc?.params?.grant_type,
      parameters: Object.keys(ctx.oidc?.params ?? {}).filter((name) => ctx.oidc.params[name] !== undefined).sort(),
      auth: authentication(ctx),
      tls: ctx.secure,
      certificate: Boolean(ctx.secure && ctx.socket.getPeerX509Certificate()),
      dpop: Boolean(ctx.get('dpop')),
    });
  });
}

function authentication(ctx) {
  if (/^basic /i.test(ctx.get('authorization'))) return 'client_secret_basic';
  if (ctx.get('authorization')) return 'bearer';
  if (ctx.oidc?.params?.client_secret !== undefined) return 'client_secret_post';
  return ctx.oidc?.client?.clientAuthMethod;
}

// control answers the requests that are for a test, and returns whether it was one.
export async function control(request, response) {
  const url = new URL(request.url, 'http://control');
  const answer = (body) => { response.setHeader('content-type', 'application/json'); response.end(JSON.stringify(body)); };
  switch (url.pathname) {
    case '/control/counters': answer(counters); return true;
    case '/control/log': answer(log); return true;
    case '/control/clock': advance(Number(url.searchParams.get('advance'))); answer({}); return true;
    case '/control/fault':
      faults.push({ path: url.searchParams.get('path'), stage: url.searchParams.get('stage'), count: Number(url.searchParams.get('count')) });
      answer({});
      return true;
    default: return false;
  }
}

// strike cuts the connection as a planted fault says, and returns whether the request ends there. After processing, the server
// has done what was asked and only the reply is lost.
export function strike(request, response) {
  const fault = faults.find((f) => f.count > 0 && f.path === new URL(request.url, 'http://fault').pathname);
  if (!fault) return false;
  fault.count -= 1;
  if (fault.stage === 'before') {
    request.socket.destroy();
    return true;
  }
  response.write = () => true;
  response.end = () => { request.socket.destroy(); return response; };
  return false;
}
