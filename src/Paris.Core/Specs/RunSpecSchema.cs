using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Xml.Linq;

namespace Paris.Core.Specs;

/// <summary>The JSON schema of <see cref="RunSpec"/>, generated from the records: types, ranges, allowed values, defaults, and the docs as descriptions.</summary>
public static class RunSpecSchema
{
    /// <summary>A key that a specification may have at its top to tell an editor its schema; it is not part of the specification.</summary>
    internal const string Key = "$schema";

    /// <summary>The schema as indented JSON (draft 2020-12); shipped as <c>docs/run-spec.schema.json</c>.</summary>
    /// <param name="documentation">The XML documentation of this assembly (<c>Paris.Core.xml</c>).</param>
    public static string Generate(XDocument documentation)
    {
        var texts = documentation.Descendants("member")
            .Where(member => member.Element("summary") is not null)
            .ToDictionary(member => member.Attribute("name")!.Value, member => Plain(member.Element("summary")!), StringComparer.Ordinal);
        var options = new JsonSchemaExporterOptions
        {
            TreatNullObliviousAsNonNullable = true,
            TransformSchemaNode = (context, node) => Transform(context, node, texts),
        };
        var schema = RunSpecJson.Options.GetJsonSchemaAsNode(typeof(RunSpec), options).AsObject();
        schema["properties"]!.AsObject().Insert(0, Key, new JsonObject { ["description"] = "Where this schema is, for editors; ignored.", ["type"] = "string" });
        schema.Insert(0, Key, "https://json-schema.org/draft/2020-12/schema");
        schema.Insert(1, "title", "Paris.Orleans run specification");
        return schema.ToJsonString(RunSpecJson.Options) + "\n";
    }

    private static JsonNode Transform(JsonSchemaExporterContext context, JsonNode node, Dictionary<string, string> texts)
    {
        if (node is not JsonObject schema || schema.ContainsKey("$ref"))
        {
            return node;
        }

        var property = context.PropertyInfo?.AttributeProvider as PropertyInfo;
        var text = property is null
            ? texts.GetValueOrDefault($"T:{context.TypeInfo.Type.FullName}")
            : texts.GetValueOrDefault($"P:{property.DeclaringType!.FullName}.{property.Name}") ?? texts.GetValueOrDefault($"T:{context.TypeInfo.Type.FullName}");
        if (text is not null)
        {
            schema.Insert(0, "description", text);
        }

        if (property is null)
        {
            return schema;
        }

        if (property.GetCustomAttribute<OneOfAttribute>() is { } allowed)
        {
            var items = schema["items"] as JsonObject;
            var nullable = items is null && schema["type"] is JsonArray;
            var names = new JsonArray([.. allowed.Values.Select(value => (JsonNode?)JsonValue.Create(value)), .. nullable ? [null] : Array.Empty<JsonNode?>()]);
            (items ?? schema)["enum"] = names;
        }

        if (property.GetCustomAttribute<RangeAttribute>() is { } range)
        {
            schema[range.MinimumIsExclusive ? "exclusiveMinimum" : "minimum"] = Number(range.Minimum);
            if (range.Maximum is not (int.MaxValue or double.MaxValue))
            {
                schema[range.MaximumIsExclusive ? "exclusiveMaximum" : "maximum"] = Number(range.Maximum);
            }
        }
        else if (property.PropertyType == typeof(ulong))
        {
            schema["minimum"] = 0;
        }

        // The defaults of a group depend on where it stands (autoencoder.training); those of its keys are the general ones.
        var fallback = property.GetValue(Activator.CreateInstance(property.DeclaringType!));
        if (fallback is not null && !SpecBinder.IsRecord(property.PropertyType))
        {
            schema["default"] = JsonSerializer.SerializeToNode(fallback, property.PropertyType, RunSpecJson.Options);
        }

        return schema;
    }

    private static JsonNode Number(object bound) => bound is int whole ? JsonValue.Create(whole) : JsonValue.Create(Convert.ToDouble(bound, CultureInfo.InvariantCulture));

    /// <summary>A summary as one line: references by their names, code as it is.</summary>
    private static string Plain(XElement summary)
    {
        var parts = summary.Nodes().Select(node => node switch
        {
            XText text => text.Value,
            XElement { Name.LocalName: "see" or "paramref" } reference => (reference.Attribute("cref") ?? reference.Attribute("name"))!.Value.Split('.', ':')[^1],
            XElement element => element.Value,
            _ => "",
        });
        return string.Join(' ', string.Concat(parts).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }
}
