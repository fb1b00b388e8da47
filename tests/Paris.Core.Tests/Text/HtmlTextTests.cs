using Paris.Core.Text;
using Xunit;

namespace Paris.Core.Tests.Text;

/// <summary>Expected values are those of Python's html.unescape.</summary>
public sealed class HtmlTextTests
{
    [Theory]
    [InlineData("no reference & none; either &", "no reference & none; either &")]
    [InlineData("salt &amp; pepper", "salt & pepper")]
    [InlineData("&amp;amp;", "&amp;")]
    [InlineData("AT&T &copy 2020 &ampamp", "AT&T © 2020 &amp")]
    [InlineData("&notit; &notin; &NotEqualTilde;", "¬it; ∉ ≂̸")]
    [InlineData("&hellip &hellip;", "&hellip …")]
    [InlineData("&#233;&#xe9;&#XE9;&#233", "éééé")]
    [InlineData("&#128512;", "😀")]
    [InlineData("&#x80;&#150;", "€–")]
    [InlineData("&#0;&#xD800;&#x110000;&#99999999999999999999;", "\uFFFD\uFFFD\uFFFD\uFFFD")]
    [InlineData("a&#1;b&#xfdd0;c&#x1ffff;", "abc")]
    [InlineData("&#;&#x;&;&#", "&#;&#x;&;&#")]
    [InlineData("&#x00000000000000041;", "A")]
    [InlineData("&CounterClockwiseContourIntegral;", "∳")]
    [InlineData("&nosuchname;", "&nosuchname;")]
    public void References_are_read_as_HTML5_says(string text, string expected) => Assert.Equal(expected, HtmlText.Unescape(text));
}
