using System.Reflection;

namespace Paris.Core.Specs;

/// <summary>The values a key may have, or each item of a list; the reader, the validators and the schema all read it here.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class OneOfAttribute : Attribute
{
    /// <summary>These values.</summary>
    public OneOfAttribute(params string[] values) => Values = values;

    /// <summary>The values of a public static property of type <c>IReadOnlyList&lt;string&gt;</c>.</summary>
    public OneOfAttribute(Type holder, string property)
        => Values = (IReadOnlyList<string>)holder.GetProperty(property, BindingFlags.Public | BindingFlags.Static)!.GetValue(null)!;

    public IReadOnlyList<string> Values { get; }

    /// <summary>Whether capitals matter.</summary>
    public bool IgnoreCase { get; init; }

    public bool Allows(string value) => Values.Contains(value, IgnoreCase ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal);
}
