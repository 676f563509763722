# By name. The name must be in the token store.
terraform import oauth_app_registration.crm crm
