package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
)

// token is a resource as it is often written: Read refreshes an access token that is about to expire, and puts the refresh
// token that came back into the state.
type token struct{}

type tokenModel struct {
	Endpoint     string `tfsdk:"token_endpoint"`
	ClientID     string `tfsdk:"client_id"`
	ClientSecret string `tfsdk:"client_secret"`
	Initial      string `tfsdk:"initial_refresh_token"`
	Refresh      string `tfsdk:"refresh_token"`
	Access       string `tfsdk:"access_token"`
	ExpiresAt    string `tfsdk:"expires_at"`
}

func (token) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = "standin_token"
}

func (token) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	in := func(sensitive bool) schema.StringAttribute {
		return schema.StringAttribute{Required: true, Sensitive: sensitive, PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()}}
	}
	out := func(sensitive bool) schema.StringAttribute {
		return schema.StringAttribute{Computed: true, Sensitive: sensitive, PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()}}
	}
	resp.Schema = schema.Schema{Attributes: map[string]schema.Attribute{
		"token_endpoint": in(false), "client_id": in(false), "client_secret": in(true), "initial_refresh_token": in(true),
		"refresh_token": out(true), "access_token": out(true), "expires_at": out(false),
	}}
}

func (token) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var in struct {
		Endpoint     string  `tfsdk:"token_endpoint"`
		ClientID     string  `tfsdk:"client_id"`
		ClientSecret string  `tfsdk:"client_secret"`
		Initial      string  `tfsdk:"initial_refresh_token"`
		Refresh      *string `tfsdk:"refresh_token"`
		Access       *string `tfsdk:"access_token"`
		ExpiresAt    *string `tfsdk:"expires_at"`
	}
	if resp.Diagnostics.Append(req.Config.Get(ctx, &in)...); resp.Diagnostics.HasError() {
		return
	}
	m := tokenModel{Endpoint: in.Endpoint, ClientID: in.ClientID, ClientSecret: in.ClientSecret, Initial: in.Initial, Refresh: in.Initial}
	if err := m.refresh(ctx); err != nil {
		resp.Diagnostics.AddError("Unable to Get Token", err.Error())
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

func (token) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var m tokenModel
	if resp.Diagnostics.Append(req.State.Get(ctx, &m)...); resp.Diagnostics.HasError() {
		return
	}
	expires, err := time.Parse(time.RFC3339, m.ExpiresAt)
	if err == nil && now().Add(time.Minute).Before(expires) {
		return
	}
	if err := m.refresh(ctx); err != nil {
		resp.Diagnostics.AddError("Unable to Refresh Token", err.Error())
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

func (token) Update(_ context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	resp.State.Raw = req.Plan.Raw
}

func (token) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {}

func (m *tokenModel) refresh(ctx context.Context) error {
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {m.Refresh}, "client_id": {m.ClientID}, "client_secret": {m.ClientSecret}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, m.Endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	reply, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	var got struct {
		Access    string `json:"access_token"`
		Refresh   string `json:"refresh_token"`
		ExpiresIn int    `json:"expires_in"`
	}
	if reply.StatusCode != http.StatusOK {
		return fmt.Errorf("the server answered %s", reply.Status)
	}
	if err := json.NewDecoder(reply.Body).Decode(&got); err != nil {
		return err
	}
	m.Refresh, m.Access, m.ExpiresAt = got.Refresh, got.Access, now().Add(time.Duration(got.ExpiresIn)*time.Second).UTC().Format(time.RFC3339)
	return nil
}

// now is the clock, moved by as many seconds as the benchmark says.
func now() time.Time {
	moved, _ := strconv.Atoi(os.Getenv("MOVED"))
	return time.Now().Add(time.Duration(moved) * time.Second)
}
