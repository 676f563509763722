terraform import oauth_app_registration.crm crm
