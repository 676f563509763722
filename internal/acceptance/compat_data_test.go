//go:build unix

package acceptance_test

// capability is something that a version of Terraform or OpenTofu brought: a row of the tables "What you need", "Requirements" and of the
// guide "Compatibility", and what TestEveryCLI does with every program that it finds.
type capability struct {
	what  string // as the guide names it, in Markdown
	since feature
	parts []string // what "providers schema -json" lists from that version on, and not before

	file string   // what uses it stands in a file of this name
	use  string   // a configuration that uses it
	run  []string // the command that comes to the use
	told []string // what a CLI that lacks it says of the use
	do   string   // what to do there instead, in Markdown
}

// theProvider is what works with every supported CLI.
var theProvider = feature{8, 10}

// allParts are what every supported CLI lists of the provider.
var allParts = []string{"provider", "resource_schemas", "data_source_schemas", "functions"}

func capabilities() []capability {
	return []capability{
		{
			what:  "`ephemeral \"oauth_access_token\"`, `ephemeral \"oauth_api_proxy\"`, `ephemeral \"oauth_token_introspection\"`",
			since: ephemeralResources, parts: []string{"ephemeral_resource_schemas"},
			file: "ephemeral.tf", run: []string{"plan", "-no-color", "-input=false"},
			use:  "ephemeral \"oauth_access_token\" \"crm\" {\n  token_pair = \"crm\"\n}\n",
			told: []string{`Blocks of type "ephemeral" are not expected here.`},
			do:   "`data \"oauth_access_token\"`, which keeps the token in state and plan: [Consuming a credential](consuming-a-credential.md)",
		},
		{
			what:  "write-only arguments (`…_wo`), and so `secrets_in_state = false`",
			since: writeOnlyArguments,
			file:  "write_only.tf", run: []string{"plan", "-no-color", "-input=false"},
			use: "resource \"oauth_app_registration\" \"written\" {\n  name                     = \"written\"\n  client_id                = \"written\"\n" +
				"  client_secret_wo         = \"s3cret\"\n  client_secret_wo_version = 1\n  token_endpoint           = \"https://login.example.com/token\"\n}\n",
			told: []string{"WriteOnly Attribute Not Allowed", "Write-only attributes are only supported in Terraform 1.11 and later."},
			do:   "the plain argument, which is marked sensitive",
		},
		{
			what:  "import by identity",
			since: importByIdentity, parts: []string{"resource_identity_schemas"},
			file: "identity.tf", run: []string{"plan", "-no-color", "-input=false"},
			use:  "import {\n  to       = oauth_token_pair.this\n  identity = { name = \"crm\" }\n}\n",
			told: []string{`An argument named "identity" is not expected here.`},
			do:   "`id = \"crm\"` in the `import` block, or `terraform import`",
		},
		{
			what:  "actions: `action \"oauth_authorize\"`, `action \"oauth_rotate\"`, `action \"oauth_revoke\"`",
			since: actionsAndLists, parts: []string{"action_schemas"},
			file: "action.tf", run: []string{"plan", "-no-color", "-input=false"},
			use:  "action \"oauth_rotate\" \"now\" {\n  config {\n    token_pair = \"crm\"\n  }\n}\n",
			told: []string{`Blocks of type "action" are not expected here.`},
			do:   "the [command line](command-line.md): `authorize` and `token`",
		},
		{
			what:  "lists: `list \"oauth_token_pair\"`, `terraform query`",
			since: actionsAndLists, parts: []string{"list_resource_schemas"},
			file: "pairs.tfquery.hcl", run: []string{"query", "-no-color"},
			use:  "list \"oauth_token_pair\" \"all\" {\n  provider = oauth\n}\n",
			told: []string{`has no command named "query".`},
			do:   "`data \"oauth_token_pairs\"`, or `status` of the [command line](command-line.md)",
		},
	}
}
