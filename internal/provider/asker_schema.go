package provider

import (
	"fmt"

	data "github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	ephemeral "github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// Attributes that several kinds share are described once, as those of a resource. Data sources and ephemeral resources take
// them over: the framework has a set of types for each of the three. TestEveryInputHasBounds counts what arrives.

func dataAttributes(attributes map[string]schema.Attribute) map[string]data.Attribute {
	taken := map[string]data.Attribute{}
	for name, one := range attributes {
		text, hides := one.GetMarkdownDescription(), one.IsSensitive()
		need, may, gives := one.IsRequired(), one.IsOptional(), one.IsComputed()
		switch a := one.(type) {
		case schema.StringAttribute:
			taken[name] = data.StringAttribute{
				MarkdownDescription: text, Required: need, Optional: may, Computed: gives, Sensitive: hides,
				Validators: a.Validators,
			}
		case schema.BoolAttribute:
			taken[name] = data.BoolAttribute{
				MarkdownDescription: text, Required: need, Optional: may, Computed: gives, Sensitive: hides,
				Validators: a.Validators,
			}
		case schema.SetAttribute:
			taken[name] = data.SetAttribute{
				MarkdownDescription: text, Required: need, Optional: may, Computed: gives, Sensitive: hides, ElementType: a.ElementType,
				Validators: a.Validators,
			}
		case schema.ListAttribute:
			taken[name] = data.ListAttribute{
				MarkdownDescription: text, Required: need, Optional: may, Computed: gives, Sensitive: hides, ElementType: a.ElementType,
				Validators: a.Validators,
			}
		case schema.MapAttribute:
			taken[name] = data.MapAttribute{
				MarkdownDescription: text, Required: need, Optional: may, Computed: gives, Sensitive: hides, ElementType: a.ElementType,
				Validators: a.Validators,
			}
		case schema.SingleNestedAttribute:
			taken[name] = data.SingleNestedAttribute{
				MarkdownDescription: text, Required: need, Optional: may, Computed: gives, Sensitive: hides,
				Attributes: dataAttributes(a.Attributes), Validators: a.Validators,
			}
		}
	}
	return taken
}

func ephemeralAttributes(attributes map[string]schema.Attribute) map[string]ephemeral.Attribute {
	taken := map[string]ephemeral.Attribute{}
	for name, one := range attributes {
		text, hides := one.GetMarkdownDescription(), one.IsSensitive()
		need, may, gives := one.IsRequired(), one.IsOptional(), one.IsComputed()
		switch a := one.(type) {
		case schema.StringAttribute:
			taken[name] = ephemeral.StringAttribute{
				MarkdownDescription: text, Required: need, Optional: may, Computed: gives, Sensitive: hides,
				Validators: a.Validators,
			}
		case schema.BoolAttribute:
			taken[name] = ephemeral.BoolAttribute{
				MarkdownDescription: text, Required: need, Optional: may, Computed: gives, Sensitive: hides,
				Validators: a.Validators,
			}
		case schema.SetAttribute:
			taken[name] = ephemeral.SetAttribute{
				MarkdownDescription: text, Required: need, Optional: may, Computed: gives, Sensitive: hides, ElementType: a.ElementType,
				Validators: a.Validators,
			}
		case schema.ListAttribute:
			taken[name] = ephemeral.ListAttribute{
				MarkdownDescription: text, Required: need, Optional: may, Computed: gives, Sensitive: hides, ElementType: a.ElementType,
				Validators: a.Validators,
			}
		case schema.MapAttribute:
			taken[name] = ephemeral.MapAttribute{
				MarkdownDescription: text, Required: need, Optional: may, Computed: gives, Sensitive: hides, ElementType: a.ElementType,
				Validators: a.Validators,
			}
		case schema.SingleNestedAttribute:
			taken[name] = ephemeral.SingleNestedAttribute{
				MarkdownDescription: text, Required: need, Optional: may, Computed: gives, Sensitive: hides,
				Attributes: ephemeralAttributes(a.Attributes), Validators: a.Validators,
			}
		}
	}
	return taken
}

// Descriptions of a secret where there is no write-only twin.
const (
	describeSecretOfData      = "As the `%s` of `oauth_app_registration`. A data source keeps it in state and plan. A client with a `registration` has it looked up in the token store instead."
	describeSecretOfEphemeral = "As the `%s` of `oauth_app_registration`; here it enters neither state nor plan. A client with a `registration` has it looked up in the token store instead."
)

// clientOfAsker is the client of somebody who asks a server and manages nothing: the shape that a registration gives out. Only
// resources have write-only arguments; secrets says what is to be said of the plain ones.
func clientOfAsker(description, secrets string) schema.SingleNestedAttribute {
	attributes := clientOfPairAttributes()
	for _, s := range clientSecrets() {
		delete(attributes, s.name+"_wo")
		delete(attributes, s.name+"_wo_version")
		attributes[s.name] = schema.StringAttribute{
			MarkdownDescription: fmt.Sprintf(secrets, s.name), Optional: true, Sensitive: true, Validators: []validator.String{s.validator},
		}
	}
	return schema.SingleNestedAttribute{MarkdownDescription: description, Optional: true, Attributes: attributes}
}
