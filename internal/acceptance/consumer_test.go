//go:build unix

package acceptance_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	providerschema "github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// consumerBinary is the stand-in for the providers that people configure with oauth_api_proxy. It knows a URL and a bearer, and nothing
// of OAuth.
const consumerBinary = "terraform-provider-consumer"

type consumerModel struct {
	URL    types.String `tfsdk:"url"`
	Bearer types.String `tfsdk:"bearer"`
}

func consumerStandIn() standIn {
	return standIn{
		source: "seed-55355b43/consumer", typeName: "consumer",
		attributes: map[string]providerschema.Attribute{
			"url":    providerschema.StringAttribute{Required: true},
			"bearer": providerschema.StringAttribute{Required: true, Sensitive: true},
		},
		configure: func(ctx context.Context, config tfsdk.Config, diags *diag.Diagnostics) any {
			var m consumerModel
			diags.Append(config.Get(ctx, &m)...)
			return m
		},
		newResource: func() resource.Resource { return &callsResource{} },
	}
}

// callsResource is a resource whose creation makes calls of the API for a while, one after another.
type callsResource struct{ api consumerModel }

type callsModel struct {
	Path  types.String `tfsdk:"path"`
	For   types.String `tfsdk:"for"`
	Once  types.Bool   `tfsdk:"once"` // one call, and then nothing but time
	Mark  types.String `tfsdk:"mark"` // a file: where "calling PID URL" is written once calls have begun
	Calls types.Int64  `tfsdk:"calls"`
}

func (*callsResource) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = "consumer_calls"
}

func (*callsResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{Attributes: map[string]schema.Attribute{
		"path":  schema.StringAttribute{Required: true},
		"for":   schema.StringAttribute{Required: true},
		"once":  schema.BoolAttribute{Optional: true},
		"mark":  schema.StringAttribute{Optional: true},
		"calls": schema.Int64Attribute{Computed: true},
	}}
}

func (r *callsResource) Configure(_ context.Context, req resource.ConfigureRequest, _ *resource.ConfigureResponse) {
	r.api, _ = req.ProviderData.(consumerModel)
}

func (r *callsResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var m callsModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	during, err := time.ParseDuration(m.For.ValueString())
	if err != nil || resp.Diagnostics.HasError() {
		resp.Diagnostics.AddError("for", fmt.Sprint(err))
		return
	}
	n := int64(0)
	for end := time.Now().Add(during); time.Now().Before(end) && ctx.Err() == nil; n++ {
		if n > 0 && m.Once.ValueBool() {
			select {
			case <-ctx.Done():
			case <-time.After(during):
			}
			break
		}
		if err := r.call(ctx, m.Path.ValueString()); err != nil && ctx.Err() == nil {
			resp.Diagnostics.AddError("The API Refused", fmt.Sprintf("Call %d: %s", n, err))
			return
		}
		if path := m.Mark.ValueString(); n == 0 && path != "" {
			if err := mark(path, fmt.Sprintf("%d %s %s", os.Getpid(), r.api.URL.ValueString(), r.api.Bearer.ValueString())); err != nil {
				resp.Diagnostics.AddError("mark", err.Error())
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(100 * time.Millisecond):
		}
	}
	m.Calls = types.Int64Value(n)
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

// mark writes a file in one piece.
func mark(path, text string) error {
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", filepath.Clean(path))
}

func (r *callsResource) call(ctx context.Context, path string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(r.api.URL.ValueString(), "/")+path, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+r.api.Bearer.ValueString())
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", res.Status, text)
	}
	return err
}

func (*callsResource) Read(context.Context, resource.ReadRequest, *resource.ReadResponse) {}

func (*callsResource) Update(_ context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	resp.State.Raw = req.Plan.Raw
}

func (*callsResource) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {}
