namespace Paris.Core.Specs.Validation;

/// <summary>Text needs an encoder, captions, and models of the encoder's width.</summary>
internal sealed class TextValidator : ISpecValidator
{
    private const int ClipContext = 77;

    public void Validate(RunSpec spec, SpecFindings findings)
    {
        var expert = spec.Expert.Model;
        var router = spec.Router.Model;
        var pooled = router.Conditioning == ModelSpec.PooledText;
        if (expert.Conditioning != "none")
        {
            findings.Error("expert.model.conditioning", $"is '{expert.Conditioning}', but it belongs to the router; an expert has 'condition: text'");
        }

        if (spec.Import is not null)
        {
            if (spec.Text is not null)
            {
                findings.Error("text", "cannot be given for an imported run: its text encoder came along with its weights");
            }

            return;
        }

        if (spec.Text is not { } text)
        {
            const string Missing = "but there is no section 'text' that names the encoder: add 'text: {encoder: clip, weights: FOLDER}' or 'text: {encoder: words}'";
            if (expert.Condition == "text")
            {
                findings.Error("expert.model.condition", $"is 'text', {Missing}");
            }

            if (pooled)
            {
                findings.Error("router.model.conditioning", $"is '{ModelSpec.PooledText}', {Missing}");
            }

            return;
        }

        if (spec.Data.Kind == "idx" && spec.Data.Classes.Count == 0)
        {
            findings.Error("text", "needs captions, and the data has none: use the kind 'folder', 'webdataset' or 'list', or name 'data.classes', whose names then are the captions");
        }

        if (expert.Condition != "text" && !pooled)
        {
            findings.Warn("text", "is given, but neither 'expert.model.condition: text' nor 'router.model.conditioning: pooled-text' uses it");
        }

        CheckEncoder(text, findings);
        if (text.Encoder == "words" && expert.Condition == "text" && expert.TextDim != text.Dimension)
        {
            findings.Error("expert.model.textDim", $"is {expert.TextDim}, but the encoder is {text.Dimension} wide ('text.dimension'); they must be equal");
        }

        if (text.Encoder == "words" && pooled && router.TextDim != text.Dimension)
        {
            findings.Error("router.model.textDim", $"is {router.TextDim}, but the encoder's pooled text is {text.Dimension} wide ('text.dimension'); they must be equal");
        }
    }

    private static void CheckEncoder(TextSpec text, SpecFindings findings)
    {
        if (text.Encoder == "clip" && string.IsNullOrWhiteSpace(text.Weights))
        {
            findings.Error("text.weights", "is missing: it names the folder of CLIP's text weights and tokenizer; without them 'text.encoder: words' is a stand-in");
        }

        if (text.Encoder == "words" && text.Weights is not null)
        {
            findings.Error("text.weights", "is given, but the words encoder has none: it is fitted on the captions; leave it out, or use 'text.encoder: clip'");
        }

        if (text.Tokens == 1)
        {
            findings.Error("text.tokens", "is 1; a begin token and a word take at least 2");
        }

        if (text.Encoder == "clip" && text.Tokens > ClipContext)
        {
            findings.Error("text.tokens", $"is {text.Tokens}; CLIP reads at most {ClipContext}");
        }
    }
}
