import {
  to = oauth_app_registration.crm
  id = "crm"
}
