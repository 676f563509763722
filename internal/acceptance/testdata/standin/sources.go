package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os/exec"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// external runs a program with the query as JSON on its standard input, and reads a JSON object of strings from its output.
type external struct{}

func (external) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = "standin_external"
}

func (external) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{Attributes: map[string]schema.Attribute{
		"program": schema.ListAttribute{Required: true, ElementType: types.StringType},
		"query":   schema.MapAttribute{Optional: true, ElementType: types.StringType},
		"result":  schema.MapAttribute{Computed: true, ElementType: types.StringType},
	}}
}

func (external) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m struct {
		Program []string          `tfsdk:"program"`
		Query   map[string]string `tfsdk:"query"`
		Result  map[string]string `tfsdk:"result"`
	}
	if resp.Diagnostics.Append(req.Config.Get(ctx, &m)...); resp.Diagnostics.HasError() {
		return
	}
	query, err := json.Marshal(m.Query)
	if err == nil {
		var errors bytes.Buffer
		cmd := exec.CommandContext(ctx, m.Program[0], m.Program[1:]...)
		cmd.Stdin, cmd.Stderr = bytes.NewReader(query), &errors
		var out []byte
		if out, err = cmd.Output(); err != nil {
			resp.Diagnostics.AddError("External Program Execution Failed", err.Error()+"\n"+errors.String())
			return
		}
		err = json.Unmarshal(out, &m.Result)
	}
	if err != nil {
		resp.Diagnostics.AddError("Unexpected External Program Results", err.Error())
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

// request sends one HTTP request at each Read. Any status is an answer.
type request struct{}

func (request) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = "standin_http"
}

func (request) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{Attributes: map[string]schema.Attribute{
		"url":             schema.StringAttribute{Required: true},
		"method":          schema.StringAttribute{Optional: true},
		"request_headers": schema.MapAttribute{Optional: true, ElementType: types.StringType},
		"request_body":    schema.StringAttribute{Optional: true},
		"response_body":   schema.StringAttribute{Computed: true},
		"status_code":     schema.Int64Attribute{Computed: true},
	}}
}

func (request) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m struct {
		URL      string            `tfsdk:"url"`
		Method   *string           `tfsdk:"method"`
		Headers  map[string]string `tfsdk:"request_headers"`
		Body     *string           `tfsdk:"request_body"`
		Response *string           `tfsdk:"response_body"`
		Status   *int64            `tfsdk:"status_code"`
	}
	if resp.Diagnostics.Append(req.Config.Get(ctx, &m)...); resp.Diagnostics.HasError() {
		return
	}
	method, body := http.MethodGet, ""
	if m.Method != nil {
		method = *m.Method
	}
	if m.Body != nil {
		body = *m.Body
	}
	call, err := http.NewRequestWithContext(ctx, method, m.URL, strings.NewReader(body))
	if err != nil {
		resp.Diagnostics.AddError("Error creating request", err.Error())
		return
	}
	call.GetBody = nil // what may be single-use is not sent again by the client by itself
	for name, value := range m.Headers {
		call.Header.Set(name, value)
	}
	reply, err := http.DefaultClient.Do(call)
	if err != nil {
		resp.Diagnostics.AddError("Error making request", err.Error())
		return
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	if err != nil {
		resp.Diagnostics.AddError("Error reading response body", err.Error())
		return
	}
	m.Response, m.Status = new(string(text)), new(int64(reply.StatusCode))
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}
