package provider

import (
	"fmt"
	"reflect"

	action "github.com/hashicorp/terraform-plugin-framework/action/schema"
	data "github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	ephemeral "github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// Attributes that several kinds share are described once, as those of a resource. Data sources, ephemeral resources and actions take
// them over: the framework has types of the same names for each. TestEveryInputHasBounds counts what arrives.

func dataAttributes(attributes map[string]schema.Attribute) map[string]data.Attribute {
	return taken[data.Attribute](attributes, data.StringAttribute{}, data.BoolAttribute{}, data.SetAttribute{}, data.ListAttribute{},
		data.MapAttribute{}, data.SingleNestedAttribute{})
}

func ephemeralAttributes(attributes map[string]schema.Attribute) map[string]ephemeral.Attribute {
	return taken[ephemeral.Attribute](attributes, ephemeral.StringAttribute{}, ephemeral.BoolAttribute{}, ephemeral.SetAttribute{},
		ephemeral.ListAttribute{}, ephemeral.MapAttribute{}, ephemeral.SingleNestedAttribute{})
}

// actionAttributes have neither sensitive nor computed ones among them.
func actionAttributes(attributes map[string]schema.Attribute) map[string]action.Attribute {
	return taken[action.Attribute](attributes, action.StringAttribute{}, action.BoolAttribute{}, action.SetAttribute{}, action.ListAttribute{},
		action.MapAttribute{}, action.SingleNestedAttribute{})
}

// taken makes attributes of other types: every field goes along that the type of the same name has.
func taken[A any](attributes map[string]schema.Attribute, kinds ...A) map[string]A {
	types := map[string]reflect.Type{}
	for _, kind := range kinds {
		types[reflect.TypeOf(kind).Name()] = reflect.TypeOf(kind)
	}
	all := map[string]A{}
	for name, one := range attributes {
		from := reflect.ValueOf(one)
		kind, ok := types[from.Type().Name()]
		if !ok {
			continue
		}
		to := reflect.New(kind).Elem()
		for i := range kind.NumField() {
			value := from.FieldByName(kind.Field(i).Name)
			if nested, ok := value.Interface().(map[string]schema.Attribute); ok {
				value = reflect.ValueOf(taken(nested, kinds...))
			}
			to.Field(i).Set(value)
		}
		all[name], _ = to.Interface().(A)
	}
	return all
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
