using System.Text;

namespace Paris.Core.Specs;

/// <summary>What prompts may be.</summary>
public static class SamplePrompts
{
    /// <summary>Most prompts of one request.</summary>
    public const int MaxCount = 1024;

    /// <summary>Longest prompt, characters.</summary>
    public const int MaxLength = 2000;

    private const int MaxFileBytes = 4 << 20;

    /// <summary>Refuses lists that no sampler can use; null is no list.</summary>
    /// <exception cref="ParisInputException">The list is empty or too long, or a prompt is.</exception>
    public static void Check(IReadOnlyList<string>? prompts)
    {
        if (prompts is null)
        {
            return;
        }

        if (prompts.Count is 0 or > MaxCount)
        {
            throw new ParisInputException(prompts.Count == 0
                ? "the list of prompts is empty; give at least one, or leave it out."
                : $"there are {prompts.Count} prompts; give at most {MaxCount}.");
        }

        foreach (var (i, prompt) in prompts.Index())
        {
            if (prompt is null || prompt.Length > MaxLength || prompt.Any(c => char.IsControl(c) && !char.IsWhiteSpace(c)))
            {
                throw new ParisInputException($"prompt {i + 1} {(prompt is null ? "is null" : prompt.Length > MaxLength ? $"has {prompt.Length} characters" : "holds control characters")}; a prompt is a text of at most {MaxLength} characters.");
            }
        }
    }

    /// <summary>As <see cref="Check(IReadOnlyList{string})"/>, and refuses prompts where a run has no use for them or cannot do without.</summary>
    /// <exception cref="ParisInputException">The message says what the run can do.</exception>
    public static void Check(RunSpec spec, IReadOnlyList<string>? prompts)
    {
        Check(prompts);
        if (prompts is not null && !spec.TakesPrompts())
        {
            throw new ParisInputException($"run '{spec.Name}' is not conditioned on text, so it cannot draw from prompts; leave them out, or train a run with 'expert.model.condition: text'.");
        }

        if (prompts is null && spec.TakesPrompts() && spec.Import is not null)
        {
            throw new ParisInputException($"run '{spec.Name}' draws from prompts, and an imported run has no captions to take them from; give some (--prompt \"…\").");
        }
    }

    /// <summary>Reads a file of prompts: UTF-8, one a line; blank lines do not count.</summary>
    /// <exception cref="ParisInputException">The file is missing, no text, too long, or holds no prompt.</exception>
    public static IReadOnlyList<string> ReadFile(string path)
    {
        byte[] bytes;
        try
        {
            if (new FileInfo(path).Length > MaxFileBytes)
            {
                throw new ParisInputException($"'{path}' is longer than {MaxFileBytes >> 20} MiB; a file of prompts has one prompt a line.");
            }

            bytes = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new ParisInputException($"the file of prompts '{path}' cannot be read ({e.Message.TrimEnd('.')}); name a text file with one prompt a line.", e);
        }

        string text;
        try
        {
            text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes).TrimStart('\ufeff');
        }
        catch (DecoderFallbackException e)
        {
            throw new ParisInputException($"'{path}' is no UTF-8 text; a file of prompts has one prompt a line.", e);
        }

        string[] prompts = [.. text.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0)];
        return prompts.Length > 0 ? prompts : throw new ParisInputException($"'{path}' holds no prompt; write one a line.");
    }
}
