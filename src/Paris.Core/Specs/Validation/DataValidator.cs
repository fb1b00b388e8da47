namespace Paris.Core.Specs.Validation;

/// <summary>Which files go together.</summary>
internal sealed class DataValidator : ISpecValidator
{
    public void Validate(RunSpec spec, SpecFindings findings)
    {
        var data = spec.Data;
        if (data.Kind == DataSpec.None != spec.Import is not null)
        {
            findings.Error("data.kind", "is 'none' for runs that 'paris import' makes, and only for those");
        }

        if (data.Kind == DataSpec.None)
        {
            return;
        }

        if (string.IsNullOrWhiteSpace(data.Images))
        {
            findings.Error("data.images", $"is empty; it names the {(data.Kind switch { "idx" => "IDX file", "webdataset" => "tar shards", "list" => "list", _ => "folder" })} of the images");
        }

        if (data.Channels is not (1 or 3))
        {
            findings.Error("data.channels", $"is {data.Channels}; it must be 1 (grey) or 3 (colour)");
        }
        else if (data.Kind == "idx" && data.Channels != 1)
        {
            findings.Error("data.channels", "is 3, but IDX images are grey; use 1");
        }

        if (data.Kind != "idx" && data.Labels is not null)
        {
            findings.Error("data.labels", "belongs to the kind 'idx'; other kinds name the class with each image");
        }

        if (data.TestLabels is not null && data.TestImages is null)
        {
            findings.Error("data.testLabels", "is given without 'data.testImages'");
        }

        if (data.Classes.Distinct(StringComparer.Ordinal).Count() < data.Classes.Count)
        {
            findings.Error("data.classes", "names a class twice");
        }
    }
}
