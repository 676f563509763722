//go:build unix

package acceptance_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	pschema "github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// restAPIBinary is the stand-in for Mastercard/restapi: it has as much of its schema as the guides use, and does as it does.
const restAPIBinary = "terraform-provider-restapi"

func restAPIStandIn() standIn {
	return standIn{
		source: "mastercard/restapi", typeName: "restapi",
		attributes: map[string]pschema.Attribute{
			"uri":     pschema.StringAttribute{Required: true},
			"headers": pschema.MapAttribute{ElementType: types.StringType, Optional: true},
		},
		configure: func(ctx context.Context, config tfsdk.Config, diags *diag.Diagnostics) any {
			return restAPIOf(ctx, config, diags)
		},
		newResource: func() resource.Resource { return &restObject{} },
	}
}

// restAPIOf is where the configured API is; nil in a plan that does not know that, as with any provider.
func restAPIOf(ctx context.Context, c tfsdk.Config, diags *diag.Diagnostics) *restObject {
	var config struct {
		URI     types.String `tfsdk:"uri"`
		Headers types.Map    `tfsdk:"headers"`
	}
	diags.Append(c.Get(ctx, &config)...)
	if config.URI.IsUnknown() || config.Headers.IsUnknown() {
		return nil
	}
	at := &restObject{uri: config.URI.ValueString(), headers: map[string]string{}}
	for name, value := range config.Headers.Elements() {
		text, ok := value.(types.String)
		if !ok || text.IsUnknown() {
			return nil
		}
		at.headers[name] = text.ValueString()
	}
	return at
}

// restObject is a thing at an API. It is created by a POST of its data, whose id it is known by from then on.
type restObject struct {
	uri     string
	headers map[string]string
}

type restObjectModel struct {
	ID   types.String `tfsdk:"id"`
	Path types.String `tfsdk:"path"`
	Data types.String `tfsdk:"data"`
}

func (*restObject) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = "restapi_object"
}

func (*restObject) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{Attributes: map[string]schema.Attribute{
		"id":   schema.StringAttribute{Computed: true, PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()}},
		"path": schema.StringAttribute{Required: true},
		"data": schema.StringAttribute{Required: true},
	}}
}

func (o *restObject) Configure(_ context.Context, req resource.ConfigureRequest, _ *resource.ConfigureResponse) {
	if at, ok := req.ProviderData.(*restObject); ok && at != nil {
		*o = *at
	}
}

// do calls the API and tells whether it has the object.
func (o *restObject) do(ctx context.Context, method, path, body string, diags *diag.Diagnostics) bool {
	req, err := http.NewRequestWithContext(ctx, method, o.uri+path, strings.NewReader(body))
	if err != nil {
		diags.AddError("Bad Request", err.Error())
		return false
	}
	for name, value := range o.headers {
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		diags.AddError("No Response", err.Error())
		return false
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode/100 != 2 && resp.StatusCode != http.StatusNotFound {
		diags.AddError("API Error", fmt.Sprintf("%s %s was answered with %s", method, path, resp.Status))
	}
	return resp.StatusCode/100 == 2
}

func (o *restObject) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var m restObjectModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	var data struct{ ID string }
	if err := json.Unmarshal([]byte(m.Data.ValueString()), &data); err != nil {
		resp.Diagnostics.AddError("Bad Data", err.Error())
	}
	if resp.Diagnostics.HasError() || !o.do(ctx, http.MethodPost, m.Path.ValueString(), m.Data.ValueString(), &resp.Diagnostics) {
		return
	}
	m.ID = types.StringValue(data.ID)
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

func (o *restObject) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var m restObjectModel
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	if !o.do(ctx, http.MethodGet, m.Path.ValueString()+"/"+m.ID.ValueString(), "", &resp.Diagnostics) && !resp.Diagnostics.HasError() {
		resp.State.RemoveResource(ctx)
	}
}

func (o *restObject) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var m restObjectModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	o.do(ctx, http.MethodPut, m.Path.ValueString()+"/"+m.ID.ValueString(), m.Data.ValueString(), &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

func (o *restObject) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var m restObjectModel
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	o.do(ctx, http.MethodDelete, m.Path.ValueString()+"/"+m.ID.ValueString(), "", &resp.Diagnostics)
}

// api is what the guides call https://api.example.com: it has whatever is put there, for who comes with an access token that the
// sandbox takes.
type api struct {
	*httptest.Server

	mu      sync.Mutex
	objects map[string]string
	tokens  map[string]int // how many calls came with which
	took    func()         // what happens while an object is made, which others wait for
}

func newAPI(t testing.TB, s *server) *api {
	t.Helper()
	a := &api{objects: map[string]string{}, tokens: map[string]int{}}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.mu.Lock()
		defer a.mu.Unlock()
		body, err := io.ReadAll(r.Body)
		if err != nil || !s.takes(r.Context(), r.Header.Get("Authorization")) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.WriteHeader(a.serve(r, body))
	}))
	t.Cleanup(a.Close)
	return a
}

func (a *api) serve(r *http.Request, body []byte) int {
	a.tokens[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]++
	switch r.Method {
	case http.MethodPost:
		var object struct{ ID string }
		if err := json.NewDecoder(bytes.NewReader(body)).Decode(&object); err != nil {
			return http.StatusBadRequest
		}
		a.objects[r.URL.Path+"/"+object.ID] = string(body)
		if a.took != nil {
			a.took()
		}
	case http.MethodPut:
		a.objects[r.URL.Path] = string(body)
	case http.MethodDelete:
		delete(a.objects, r.URL.Path)
	default:
		if a.objects[r.URL.Path] == "" {
			return http.StatusNotFound
		}
	}
	return http.StatusOK
}

// takes sets what happens while an object is made.
func (a *api) takes(happens func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.took = happens
}

// has tells what is at a path of the API.
func (a *api) has(path string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.objects[path]
}

// seen returns how many different tokens the API was called with.
func (a *api) seen() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.tokens)
}

// takes tells whether the sandbox knows the token in the header.
func (s *server) takes(ctx context.Context, authorization string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base+"/api/me", nil)
	if err != nil {
		return false
	}
	req.Header.Set("Authorization", authorization)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer func() { _ = resp.Body.Close() }()
	return resp.StatusCode == http.StatusOK
}

// newGuide is a workspace in a copy of examples/DIR and the modules, against s and a.
func newGuide(t testing.TB, s *server, a *api, dir string) *workspace {
	t.Helper()
	return newGuideOn(t, terraformPath(t), s, a, dir)
}

// newGuideOn is the same for another CLI.
func newGuideOn(t testing.TB, tf string, s *server, a *api, dir string) *workspace {
	t.Helper()
	w := newWorkspace(t)
	w.tf = tf
	w.env["TF_VAR_client_secret"] = clientSecret
	w.env["OAUTH_TOKEN_STORE_KEY"] = exampleKey
	names := strings.NewReplacer(exampleServer, s.base)
	if a != nil {
		names = strings.NewReplacer(exampleServer, s.base, "https://api.example.com", a.URL, "https://ledger.example.com", a.URL)
		w.overrideRestAPI()
	}
	for _, from := range []string{dir, "modules"} {
		copyNamed(t, filepath.Join(exampleDir, from), filepath.Join(w.dir, from), names)
	}
	w.dir = filepath.Join(w.dir, filepath.FromSlash(dir))
	w.ok("get")
	return w
}

// shares gives a workspace the token store, the key and the clock of another.
func (w *workspace) shares(owner *workspace) *workspace {
	w.store = owner.store
	for _, name := range []string{"OAUTH_TOKEN_STORE", "OAUTH_TOKEN_STORE_KEY", envClock} {
		if value := owner.env[name]; value != "" {
			w.env[name] = value
		}
	}
	return w
}

// overrideRestAPI makes terraform start this test binary for Mastercard/restapi, too.
func (w *workspace) overrideRestAPI() {
	w.t.Helper()
	dir := filepath.Join(filepath.Dir(w.dir), "restapi")
	if err := os.Mkdir(dir, 0o700); err != nil {
		w.t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		w.t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(dir, restAPIBinary)); err != nil {
		w.t.Fatal(err)
	}
	rc := w.env["TF_CLI_CONFIG_FILE"]
	writeFile(w.t, rc, strings.Replace(readFile(w.t, rc), "dev_overrides {", fmt.Sprintf("dev_overrides {\n    \"Mastercard/restapi\" = %q", dir), 1))
}

// Each file below examples/guides stands in the guide that its folder is named after.
func TestGuidesShowTheirExamples(t *testing.T) {
	t.Parallel()
	root := filepath.Join(exampleDir, "guides")
	err := filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		guide, _, _ := strings.Cut(rel, "/")
		if !strings.Contains(readFile(t, filepath.Join("..", "..", "templates", "guides", guide+".md.tmpl")), `"examples/guides/`+rel+`" }}`) {
			t.Errorf("the guide %s does not show %s", guide, rel)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
