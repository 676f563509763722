// Grants that the library leaves to its users. It does the client authentication, the parameters, the tokens, DPoP and mTLS; which
// assertion or subject token is good is decided here, so these show less than what the library decides by itself.
import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose';
import { errors } from 'oidc-provider';
import * as grants from 'oidc-provider/lib/helpers/grants.js';

const { InvalidGrant, InvalidRequest, InvalidScope } = errors;
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token';

function required(ctx, ...names) {
  for (const name of names) {
    if (!ctx.oidc.params[name]) throw new InvalidRequest(`missing required parameter ${name}`);
  }
}

// issue answers with an access token for the account, bound as the client's other tokens are.
async function issue(provider, ctx, accountId, gty, more = {}) {
  const { client, params } = ctx.oidc;
  const dPoP = await grants.validateDpop(provider, ctx);
  const certificate = grants.checkMtlsCert(provider, ctx);
  grants.checkDpopRequired(provider, ctx, dPoP);
  const servers = await grants.resolveRequestedResources(provider, ctx);
  const scopes = [...grants.validateClientScope(provider, ctx)];
  const grant = new provider.Grant({ accountId, clientId: client.clientId });
  grant.addOIDCScope(scopes.join(' '));
  for (const server of servers) grant.addResourceScope(server.identifier(), scopes.join(' '));
  const grantId = await grant.save();
  const token = new provider.AccessToken({ accountId, client, grantId, gty, scope: scopes.join(' ') || undefined });
  if (servers.length > 0) {
    [token.resourceServer] = servers;
    token.scope = scopes.filter((scope) => servers[0].scopes.has(scope)).join(' ') || undefined;
  }
  if (certificate) token.setThumbprint('x5t', certificate);
  if (dPoP) {
    await grants.checkDpopReplay(provider, ctx, dPoP, client.clientId);
    token.setThumbprint('jkt', dPoP.thumbprint);
  }
  const accessToken = await token.save();
  let refreshToken;
  if (more.refresh && client.grantTypeAllowed('refresh_token')) {
    const refresh = new provider.RefreshToken({ accountId, client, grantId, gty, scope: scopes.join(' '), resource: params.resource, rotations: 0 });
    await grants.applyRefreshTokenBindings(provider, ctx, token, refresh);
    refreshToken = await refresh.save();
  }
  ctx.body = grants.buildTokenResponse(provider, {
    accessToken, refreshToken, expiresIn: token.expiration, scope: token.scope, tokenType: token.tokenType, issuedTokenType: more.issuedTokenType,
  });
}

const handlers = {
  // RFC 7523 section 2.1. issuers: [{iss, jwks}]
  'urn:ietf:params:oauth:grant-type:jwt-bearer': {
    parameters: ['assertion', 'scope', 'resource'],
    handler: (provider, { issuers = [] }) => async (ctx) => {
      required(ctx, 'assertion');
      let payload;
      try {
        const { iss } = decodeJwt(ctx.oidc.params.assertion);
        const trusted = issuers.find((issuer) => issuer.iss === iss);
        if (!trusted) throw new Error('unknown issuer');
        ({ payload } = await jwtVerify(ctx.oidc.params.assertion, createLocalJWKSet(trusted.jwks), {
          issuer: iss, audience: [provider.issuer, ctx.oidc.urlFor('token')], requiredClaims: ['sub', 'exp'],
        }));
        if (payload.jti && !await provider.ReplayDetection.unique(iss, payload.jti, payload.exp)) throw new Error('used before');
      } catch (cause) {
        throw new InvalidGrant(`assertion: ${cause.message}`);
      }
      await issue(provider, ctx, payload.sub, 'jwt_bearer');
    },
  },
  // RFC 8693: an access token of this server for one with at most its scopes. Subject tokens for a resource are JWTs, which the
  // library cannot look up.
  'urn:ietf:params:oauth:grant-type:token-exchange': {
    parameters: ['subject_token', 'subject_token_type', 'actor_token', 'actor_token_type', 'requested_token_type', 'scope', 'audience', 'resource'],
    duplicates: ['audience', 'resource'],
    handler: (provider) => async (ctx) => {
      required(ctx, 'subject_token', 'subject_token_type');
      const { subject_token_type: type, requested_token_type: requested = accessTokenType } = ctx.oidc.params;
      if (type !== accessTokenType || requested !== accessTokenType) throw new InvalidRequest('only access tokens are exchanged here');
      const subject = await provider.AccessToken.find(ctx.oidc.params.subject_token);
      if (!subject?.isValid) throw new InvalidRequest('subject_token is not valid');
      if ([...ctx.oidc.requestParamScopes].some((scope) => !subject.scopes.has(scope))) throw new InvalidScope('beyond subject_token', ctx.oidc.params.scope);
      await issue(provider, ctx, subject.accountId, 'token_exchange', { issuedTokenType: accessTokenType });
    },
  },
  // RFC 6749 section 4.3. The only user is alice.
  password: {
    parameters: ['username', 'password', 'scope', 'resource'],
    handler: (provider) => async (ctx) => {
      required(ctx, 'username', 'password');
      if (ctx.oidc.params.username !== 'alice' || ctx.oidc.params.password !== 'pässword of alice/+%') throw new InvalidGrant('wrong username or password');
      await issue(provider, ctx, 'alice', 'password', { refresh: true });
    },
  },
  // An extension grant as RFC 6749 section 4.5 leaves it to a server.
  'urn:example:grant-type:pin': {
    parameters: ['user', 'pin', 'scope', 'resource'],
    handler: (provider) => async (ctx) => {
      required(ctx, 'user', 'pin');
      if (ctx.oidc.params.pin !== '47+11/%') throw new InvalidGrant('wrong pin');
      await issue(provider, ctx, ctx.oidc.params.user, 'pin');
    },
  },
};

// register makes the server know the grants that the options name.
export function register(provider, options) {
  for (const [name, option] of Object.entries(options ?? {})) {
    const { handler, parameters, duplicates } = handlers[name];
    provider.registerGrantType(name, handler(provider, option), parameters, duplicates);
  }
}
