// A certified authorization server that others wrote, for the acceptance tests. Everything is in memory, on loopback; every
// login and consent is answered at once for the user "alice". It prints one JSON line {"issuer": …} when it is ready, and
// ends when its standard input does.
import http from 'node:http';
import { generateKeyPairSync } from 'node:crypto';
import { Provider } from 'oidc-provider';

// The built-in adapter forgets silently beyond 1,000 entries.
const entries = new Map();
class Memory {
  constructor(model) { this.model = model; }
  key(id) { return `${this.model}:${id}`; }
  async upsert(id, payload, expiresIn) {
    entries.set(this.key(id), { payload, until: expiresIn ? Date.now() + expiresIn * 1000 : Infinity });
  }
  async find(id) {
    const entry = entries.get(this.key(id));
    return entry && entry.until > Date.now() ? entry.payload : undefined;
  }
  async findByUid(uid) { return this.first((payload) => payload.uid === uid); }
  async findByUserCode(code) { return this.first((payload) => payload.userCode === code); }
  first(matches) {
    for (const [key, entry] of entries) {
      if (key.startsWith(`${this.model}:`) && entry.until > Date.now() && matches(entry.payload)) return entry.payload;
    }
    return undefined;
  }
  async consume(id) { (await this.find(id)).consumed = Math.floor(Date.now() / 1000); }
  async destroy(id) { entries.delete(this.key(id)); }
  async revokeByGrantId(grantId) {
    for (const [key, entry] of entries) {
      if (key.startsWith(`${this.model}:`) && entry.payload.grantId === grantId) entries.delete(key);
    }
  }
}

const counters = { token: 0, refresh: 0, refused: 0 };
let handler;
const server = http.createServer((request, response) => {
  if (request.url === '/counters') {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(counters));
    return;
  }
  handler(request, response);
});
await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
const issuer = `http://127.0.0.1:${server.address().port}`;

const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
const provider = new Provider(issuer, {
  adapter: Memory,
  clients: [{
    client_id: 'acceptance', client_secret: 'acceptance secret/+%', redirect_uris: ['http://127.0.0.1/callback'],
    grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'], id_token_signed_response_alg: 'ES256',
  }, {
    client_id: 'machine', client_secret: 'machine secret/+%', grant_types: ['client_credentials'], response_types: [], redirect_uris: [],
    id_token_signed_response_alg: 'ES256',
  }],
  jwks: { keys: [{ ...key, kid: 'k', use: 'sig' }] },
  cookies: { keys: ['tests only'] },
  scopes: ['openid', 'offline_access'],
  findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  rotateRefreshToken: true,
  issueRefreshToken: async () => true,
  pkce: { required: () => true },
  ttl: { AccessToken: 5, AuthorizationCode: 60, ClientCredentials: 60, Grant: 3600, IdToken: 60, Interaction: 60, RefreshToken: 3600, Session: 600 },
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  features: { devInteractions: { enabled: false }, clientCredentials: { enabled: true }, revocation: { enabled: true }, introspection: { enabled: true } },
});
provider.on('grant.success', (ctx) => {
  counters.token += 1;
  if (ctx.oidc.params.grant_type === 'refresh_token') counters.refresh += 1;
});
provider.on('grant.error', () => { counters.refused += 1; });

provider.use(async (ctx, next) => {
  if (!ctx.path.startsWith('/interaction/')) return next();
  const { prompt, params, session, grantId } = await provider.interactionDetails(ctx.req, ctx.res);
  const result = {};
  if (prompt.name === 'login') {
    result.login = { accountId: 'alice' };
  } else {
    const grant = grantId ? await provider.Grant.find(grantId) : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
    grant.addOIDCScope(params.scope);
    result.consent = { grantId: await grant.save() };
  }
  await provider.interactionFinished(ctx.req, ctx.res, result, { mergeWithLastSubmission: true });
  return undefined;
});
handler = provider.callback();

process.stdin.on('end', () => process.exit(0));
process.stdin.resume();
console.log(JSON.stringify({ issuer }));
