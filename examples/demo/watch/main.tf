# Another configuration that looks at the same credential: status, deadlines and history, without secrets. Reading it
# refreshes nothing and writes nothing, so it is fit for alerts.

terraform {
  required_providers {
    oauth = {
      source = "seed-55355b43/oauth"
    }
  }
}

data "oauth_token_pair" "demo" {
  name = "demo"
}

output "credential" {
  value = data.oauth_token_pair.demo
}
