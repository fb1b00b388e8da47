using Paris.Core.Text;
using Xunit;

namespace Paris.Core.Tests.Text;

/// <summary>Expected values are those of Python's str.lower and of the clean-up in openai/CLIP.</summary>
public sealed class CaptionTextTests
{
    [Theory]
    [InlineData("A Cat", "a cat")]
    [InlineData("İstanbul", "i\u0307stanbul")]
    [InlineData("ΟΔΥΣΣΕΥΣ", "οδυσσευς")]
    [InlineData("ΑΣ'Α ΑΣ' Σ", "ασ'α ας' σ")] // an apostrophe inside a word does not end it
    [InlineData("ẞ Å Ǆ", "ß å ǆ")]
    [InlineData("𐐀", "𐐨")]
    public void Lower_case_is_full_Unicode(string text, string expected) => Assert.Equal(expected, CaptionText.Lower(text));

    [Theory]
    [InlineData(" \t a  cat\n\n on\u00a0a \u3000mat \r\n", "a cat on a mat")]
    [InlineData("a\u001cb\u200bc", "a b\u200bc")]
    [InlineData("   ", "")]
    [InlineData("double &amp;amp; &AMP;lt; X", "double & < x")]
    public void Space_collapses_and_references_are_replaced_twice(string text, string expected) => Assert.Equal(expected, CaptionText.Clean(text));
}
