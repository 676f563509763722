// A certified authorization server that others wrote, for the acceptance tests. Everything is in memory, on loopback; every login and
// consent is answered at once for the user "alice". Its only argument is a JSON object, whose members oidcOptions in oidc_server_test.go
// describes. It prints one JSON line {"issuer": …, "tls": …} when it is ready, and ends when its standard input does.
import './clock.js';
import http from 'node:http';
import https from 'node:https';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { errors, Provider } from 'oidc-provider';
import { control, strike, watch } from './control.js';
import * as grants from './grants.js';
import { Memory } from './memory.js';

const options = JSON.parse(process.argv[2] ?? '{}');

let handler;
async function serve(request, response) {
  if (await control(request, response) || strike(request, response)) return;
  handler(request, response);
}
async function listen(server, scheme) {
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return `${scheme}://127.0.0.1:${server.address().port}`;
}
const issuer = await listen(http.createServer(serve), 'http');
// Who presents no certificate, or one of an unknown CA, is let in: what that means is decided by the client's registration.
const tls = options.tls && await listen(https.createServer({ ...options.tls, requestCert: true, rejectUnauthorized: false }, serve), 'https');

// A name of RFC 8705 section 2.1.2 as the certificate tells it.
function certificateSays(certificate, property, expected) {
  switch (property) {
    case 'tls_client_auth_subject_dn': return certificate.subject.split('\n').reverse().join(',') === expected;
    case 'tls_client_auth_san_dns': return certificate.checkHost(expected, { subject: 'never', wildcards: false }) !== undefined;
    case 'tls_client_auth_san_ip': return certificate.checkIP(expected) !== undefined;
    case 'tls_client_auth_san_email': return certificate.checkEmail(expected, { subject: 'never' }) !== undefined;
    case 'tls_client_auth_san_uri': return certificate.subjectAltName.split(', ').includes(`URI:${expected}`);
    default: return false;
  }
}
const certificateOf = (ctx) => (ctx.secure ? ctx.socket.getPeerX509Certificate() : undefined);

const key = (kid, type, more) => ({ ...generateKeyPairSync(type, more).privateKey.export({ format: 'jwk' }), kid, use: 'sig' });
const aliases = ['token', 'introspection', 'revocation', 'device_authorization', 'pushed_authorization_request', 'registration'];
const paths = { introspection: '/token/introspection', revocation: '/token/revocation', device_authorization: '/device/auth', pushed_authorization_request: '/request', registration: '/reg' };

const provider = new Provider(issuer, {
  adapter: Memory,
  clients: [{
    client_id: 'acceptance', client_secret: 'acceptance secret/+%', redirect_uris: ['http://127.0.0.1/callback'],
    grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'],
  }, {
    client_id: 'machine', client_secret: 'machine secret/+%', grant_types: ['client_credentials'], response_types: [], redirect_uris: [],
  }, {
    client_id: 'observer', client_secret: 'observer-secret', grant_types: [], response_types: [], redirect_uris: [],
  }, ...(options.clients ?? [])],
  clientDefaults: { id_token_signed_response_alg: 'ES256' },
  clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt', 'none',
    ...(tls ? ['tls_client_auth', 'self_signed_tls_client_auth'] : [])],
  extraClientMetadata: { properties: options.extra_client_metadata ?? [] },
  jwks: { keys: [key('ec', 'ec', { namedCurve: 'P-256' }), ...(options.rsa ? [key('rsa', 'rsa', { modulusLength: 2048 })] : [])] },
  cookies: { keys: ['tests only'] },
  scopes: options.scopes ?? ['openid', 'offline_access'],
  responseTypes: ['code', 'none', ...(options.implicit ? ['id_token', 'id_token token'] : [])],
  findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  rotateRefreshToken: !options.keep_refresh_token,
  issueRefreshToken: async (ctx, client) => client.grantTypeAllowed('refresh_token'),
  pkce: { required: () => true },
  ttl: {
    AccessToken: 5, AuthorizationCode: 60, ClientCredentials: 60, DeviceCode: 600, Grant: 3600, IdToken: 60, Interaction: 60, RefreshToken: 3600, Session: 600,
    ...options.ttl,
  },
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  discovery: tls ? { mtls_endpoint_aliases: Object.fromEntries(aliases.map((name) => [`${name}_endpoint`, tls + (paths[name] ?? '/token')])) } : {},
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    revocation: { enabled: true },
    introspection: { enabled: true },
    deviceFlow: { enabled: Boolean(options.device_flow) },
    registration: {
      enabled: Boolean(options.registration),
      initialAccessToken: options.initial_access_token ?? false,
      issueRegistrationAccessToken: options.registration === 'managed',
    },
    registrationManagement: { enabled: options.registration === 'managed', rotateRegistrationAccessToken: !options.keep_registration_token },
    pushedAuthorizationRequests: { enabled: Boolean(options.par), requirePushedAuthorizationRequests: options.par === 'required' },
    dPoP: { enabled: Boolean(options.dpop), nonceSecret: options.dpop === 'nonce' ? randomBytes(32) : undefined, requireNonce: () => options.dpop === 'nonce' },
    mTLS: {
      enabled: Boolean(tls), certificateBoundAccessTokens: true, selfSignedTlsClientAuth: true, tlsClientAuth: true,
      getCertificate: certificateOf,
      certificateAuthorized: (ctx) => ctx.socket.authorized,
      certificateSubjectMatches: (ctx, property, expected) => certificateSays(certificateOf(ctx), property, expected),
    },
    // The tokens of these resources are JWTs (RFC 9068); all others are opaque.
    resourceIndicators: {
      enabled: Boolean(options.resources),
      getResourceServerInfo: (ctx, resource) => {
        if (!(resource in options.resources)) throw new errors.InvalidTarget();
        return { audience: resource, scope: options.resources[resource], accessTokenFormat: 'jwt' };
      },
      useGrantedResource: () => true,
    },
  },
});
watch(provider);
grants.register(provider, options.grants);

if (options.hide_expiry) {
  provider.use(async (ctx, next) => {
    await next();
    if (ctx.path === '/token') delete ctx.body.expires_in;
  });
}
provider.use(async (ctx, next) => {
  if (!ctx.path.startsWith('/interaction/')) return next();
  const { prompt, params, session, grantId } = await provider.interactionDetails(ctx.req, ctx.res);
  const result = {};
  if (prompt.name === 'login') {
    result.login = { accountId: 'alice' };
  } else if (options.deny) {
    Object.assign(result, { error: 'access_denied', error_description: 'alice denies' });
  } else {
    const grant = grantId ? await provider.Grant.find(grantId) : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
    grant.addOIDCScope(params.scope ?? '');
    for (const [resource, scopes] of Object.entries(prompt.details.missingResourceScopes ?? {})) grant.addResourceScope(resource, scopes.join(' '));
    result.consent = { grantId: await grant.save() };
  }
  await provider.interactionFinished(ctx.req, ctx.res, result, { mergeWithLastSubmission: true });
  return undefined;
});
handler = provider.callback();

process.stdin.on('end', () => process.exit(0));
process.stdin.resume();
console.log(JSON.stringify({ issuer, tls }));
