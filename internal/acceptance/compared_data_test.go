//go:build unix

package acceptance_test

// lookedAt is the day on which the sources of the page "Other ways to do this" were read.
const lookedAt = "2026-11-26"

// alternatives are what people do today instead of this provider. TestCompared holds each to its sources.
func alternatives() []alternative {
	const (
		http     = "https://github.com/hashicorp/terraform-provider-http/blob/"
		external = "https://github.com/hashicorp/terraform-provider-external/blob/"
		puppet   = "https://github.com/puppetlabs/vault-plugin-secrets-oauthapp"
		nango    = "https://github.com/NangoHQ/nango/blob/"
		restapi  = "https://github.com/Mastercard/terraform-provider-restapi/blob/e5ca327d86c435aac57f9352b515cfe73d744b3d/docs/index.md"
		aws      = "https://docs.aws.amazon.com/"
	)
	return []alternative{
		{
			name: "`http` data source", version: "hashicorp/http 3.6.2",
			refreshes: "in every plan and apply", discarded: "yes", state: "yes", parallel: "each run sends the token", person: "no",
			how: "A `POST` to the token endpoint, whose `response_body` is decoded. The documentation says that `POST` is for read-only URLs, \"such as submitting a search\"; a token request is none. " +
				"The result is a data source's, so token and request stand in state and plan. A successor stands there as well, but nothing feeds it into the next request: " +
				"that is made from the configuration. The repository also documents an `http` *ephemeral* resource, which keeps the result out of both.",
			better: "Client credentials alone, a token that may be fetched as often as one likes, and a state that may hold it (or the ephemeral resource): then this is enough, and one provider less.",
			sources: []reference{
				{"data source", http + "936b3c8924ec792572eb52cadf1aa0b87638e492/docs/data-sources/http.md"},
				{"ephemeral resource", http + "f920e6166581660b4078075c0afb5261ab51942e/docs/ephemeral-resources/http.md"},
				{"3.6.2", http + "9111eb0f9540bbdb249765e0d30dd4b6adcc12bf/.changes/3.6.2.md"},
			},
			open: "Which release has the ephemeral resource: the notes of 3.5.0 to 3.6.2 do not name it.",
		},
		{
			name: "`external` script with curl", version: "hashicorp/external 2.4.2",
			refreshes: "as the script does: it runs in every plan and apply", discarded: "as the script does", state: "yes", parallel: "as the script does", person: "no",
			how: "A script that reads the refresh token from somewhere, calls the token endpoint and writes the successor back. The documentation says that Terraform expects *no observable side effects* of it, " +
				"and runs it again with each refresh of the state; it calls the mechanism an escape hatch. What is lost depends on the script: locks, a killed process between reply and file, a full disk, a lost reply are its author's to handle. The result stands in the state.",
			better: "A one-off, or an authorization that no OAuth library fits: a script can do anything.",
			sources: []reference{
				{"data source", external + "00074ac0eb1729e56602c83f295282d0168941b8/docs/data-sources/external.md"},
				{"2.4.2", external + "d7872aa77c01e493469b7eb95ba98074aea4e8d5/.changes/2.4.2.md"},
			},
		},
		{
			name: "A provider that refreshes in Read", version: "abergmeier/oauth at 0e23940, yumemi-inc/slackapp at 02fc87d (its issue 16 is of 2026-03-02, and open)",
			refreshes: "in every plan and apply", discarded: "yes", state: "yes, or in memory alone", parallel: "each run sends the token", person: "no",
			how: "The first one posts the refresh token of the configuration whenever its data source is read, and keeps access token, scope and type of the answer; a new refresh token it does not read. " +
				"That is right where refresh tokens do not rotate, as at Google, which it is made for. The second one rotates Slack's configuration tokens when it is first used, in memory: its issue 16 says that plan and apply in two processes " +
				"break, since the second one presents the token that the first one has spent.",
			better: "A platform whose refresh tokens do not rotate.",
			sources: []reference{
				{"abergmeier/oauth, the refresh", "https://github.com/abergmeier/terraform-provider-oauth/blob/0e23940b555d9867967a3ba3d8a28c7c86fba892/internal/refresh_access_token/resource.go"},
				{"yumemi-inc/slackapp, issue 16", "https://github.com/yumemi-inc/terraform-provider-slackapp/issues/16"},
			},
			open: "Whether the Slack provider has been changed since: its issue was open when it was last stored.",
		},
		{
			name: "Another token provider, client credentials", version: "SvenHamers/oauth at 2bdba52",
			refreshes: "in every plan and apply", discarded: "there is none", state: "yes", parallel: "each run asks for a token", person: "no",
			how:    "A data source that asks for a token by `client_credentials` whenever it is read. Nothing can be lost, since the client asks again. Of the code that we read the `token` is not marked sensitive.",
			better: "Nothing but client credentials, and a server that does not count requests. This provider's own [`data \"oauth_access_token\"`](../data-sources/access_token.md) with `client` does the same, and shares one token among all runs.",
			sources: []reference{
				{"the data source", "https://github.com/SvenHamers/terraform-provider-oauth/blob/2bdba52d411dd796fa54a35675196f47cd2ee582/oauth/data_token.go"},
			},
			open: "Which version of it the registry serves.",
		},
		{
			name: "The provider's own OAuth", version: "Mastercard/restapi, documentation at e5ca327",
			refreshes: "in every run, by the provider itself", discarded: "there is none", state: "no", parallel: "each run asks for a token", person: "no",
			how:    "Many providers take a client id and secret and get tokens themselves. `Mastercard/restapi`, which the guides here use as an example, does so with `oauth_client_credentials`. There is no token for Terraform to keep.",
			better: "Whenever the provider that you configure has it and the platform lets a client act for itself: use that, and nothing else.",
			sources: []reference{
				{"provider documentation", restapi},
			},
			open: "Other providers: each has its own rules.",
		},
		{
			name: "Vault with a plugin", version: "puppetlabs/vault-plugin-secrets-oauthapp 3.1.1, archived on 2024-11-18",
			refreshes: "in Vault, every 60 seconds as needed", discarded: "no", state: "as it is read", parallel: "one refresh, under a lock", person: "a code or device code, written by hand",
			how: "Vault holds the tokens and refreshes them in the background, under a lock for each credential, so no plan can lose one. The refresh token never leaves Vault. Between the answer of the server and the write into Vault's storage nothing keeps the successor: " +
				"if that write fails, the code returns the error, and the next check refreshes with the token that was spent. After an error that it takes for transient it likewise tries again with the same token, " +
				"whatever the platform makes of a second use. Read by a data source, the access token stands in the state.",
			better: "Vault runs already and others need the tokens as well: one place for all, with policies and audit. Mind that the plugin is archived.",
			sources: []reference{
				{"README", puppet + "/blob/d29e968eec7753e675611f0e43e17de8213a3324/README.md"}, {"the refresh", puppet + "/blob/061347f1bfae423c166b0dfa1051c7dd6d5fadf6/pkg/backend/token_authcode.go"}, {"archived", puppet + "/pull/72/files"},
				{"3.1.1", "https://deps.dev/go/github.com%2Fpuppetlabs%2Fvault-plugin-secrets-oauthapp%2Fv3"},
			},
			open: "How it behaves in a cluster of several Vault nodes.",
		},
		{
			name: "Nango", version: "its documentation at 50eff0a and 07e61b4",
			refreshes: "in Nango, at least once in 24 hours", discarded: "no", state: "as it is read", parallel: "Nango's own matter", person: "yes, with a user interface for a product's users",
			how: "A service (in the cloud, or self-hosted) that does OAuth for products whose *users* connect hundreds of APIs: it refreshes before the expiry, keeps tokens alive that would die unused, and tells by webhook when a refresh fails. " +
				"Its free self-hosted edition has the authorization part. A script or `http` data source would fetch the token from its API for Terraform; then it stands in the state.",
			better: "Many users' tokens in a product: that is what it is made for, and this provider is not.",
			sources: []reference{
				{"token refreshing", nango + "50eff0a3b225b591b07539ac598054583e2dd0ce/docs/guides/auth/token-refreshing.mdx"}, {"free self-hosting", nango + "07e61b49696f117d1f3df07722ee61dcf9ad2333/docs/guides/self-hosting/free-self-hosting/overview.mdx"},
				{"on concurrent refreshes", "https://nango.dev/blog/concurrency-with-oauth-token-refreshes"},
			},
			open: "What becomes of a successor when its process dies between reply and database; whether there is a Terraform provider for it (we found none).",
		},
		{
			name: "A secrets manager and a function on a schedule", version: "AWS Secrets Manager with Lambda, its user guide",
			refreshes: "by the function, at most every four hours by the rotation schedule", discarded: "no", state: "as it is read", parallel: "as the function does", person: "no",
			how: "A function refreshes the token and writes it into the secret; Terraform reads that. Plans lose nothing. The rotation schedule allows four hours at the least, while access tokens often live ten minutes to an hour, so the function is started otherwise, or the reader refreshes. " +
				"The generic template is a starting point for it; what happens between reply and write is for the author of the function.",
			better: "Everything else of yours reads that secrets manager, and somebody owns the function.",
			sources: []reference{
				{"Lambda rotation functions", aws + "secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html"},
				{"templates", aws + "secretsmanager/latest/userguide/reference_available-rotation-templates.html"},
				{"schedule", aws + "cdk/api/v2/docs/aws-cdk-lib.aws_secretsmanager.RotationScheduleOptions.html"},
			},
			open: "Other clouds' secrets managers.",
		},
	}
}
