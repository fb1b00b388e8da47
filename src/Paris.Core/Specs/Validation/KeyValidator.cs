using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;

namespace Paris.Core.Specs.Validation;

/// <summary>Every key alone: its range (<see cref="RangeAttribute"/>) and its allowed values (<see cref="OneOfAttribute"/>).</summary>
internal static class KeyValidator
{
    public static void Validate(object record, string path, SpecFindings findings)
    {
        foreach (var (key, property) in SpecBinder.Properties(record.GetType()))
        {
            var name = SpecBinder.Join(path, key);
            var value = property.GetValue(record);
            if (value is not null && SpecBinder.IsRecord(property.PropertyType))
            {
                Validate(value, name, findings);
            }
            else if (value is not null && SpecBinder.RecordOf(property.PropertyType) is not null)
            {
                foreach (var (i, item) in ((IEnumerable<object>)value).Index())
                {
                    Validate(item, $"{name}[{i}]", findings);
                }
            }
            else if (value is not null)
            {
                CheckRange(property.GetCustomAttribute<RangeAttribute>(), value, name, findings);
                CheckNames(property.GetCustomAttribute<OneOfAttribute>(), value, name, findings);
            }
        }
    }

    private static void CheckRange(RangeAttribute? range, object value, string path, SpecFindings findings)
    {
        var number = value as IConvertible;
        var finite = value is not double real || double.IsFinite(real);
        if (range is not null && (!finite || !range.IsValid(value)))
        {
            findings.Error(path, string.Create(CultureInfo.InvariantCulture, $"is {number}; it must be {SpecBinder.Describe(range)}"));
        }
    }

    private static void CheckNames(OneOfAttribute? allowed, object value, string path, SpecFindings findings)
    {
        IEnumerable<string> names = value is string text ? [text] : value as IEnumerable<string> ?? [];
        foreach (var name in names)
        {
            if (allowed?.Allows(name) == false)
            {
                var near = Formats.NearestName.Of(name, allowed.Values);
                findings.Error(path, $"is '{name}'; {(near is null ? "" : $"did you mean '{near}'? ")}allowed are {string.Join(", ", allowed.Values)}");
            }
        }
    }
}
