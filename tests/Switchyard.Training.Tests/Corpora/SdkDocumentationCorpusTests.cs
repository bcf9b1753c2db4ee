using System.Text;
using Switchyard.Training.Corpora;

namespace Switchyard.Training.Tests.Corpora;

public sealed class SdkDocumentationCorpusTests
{
    [Fact]
    public void The_documentation_of_the_running_sdk_is_large_and_has_many_domains()
    {
        SdkDocumentationCorpus corpus = Find();
        long characters = 0;
        long documents = 0;
        long shorter = 0;
        var domains = new HashSet<string>();
        foreach (Document document in corpus.Read(TestContext.Current.CancellationToken))
        {
            documents++;
            characters += document.Text.Length;
            shorter += document.Text.Length < 200 ? 1 : 0;
            domains.Add(document.Domain);
            Assert.DoesNotContain('\r', document.Text);
            Assert.StartsWith("type ", document.Text, StringComparison.Ordinal);
            if (characters > 10_000_000 && domains.Count > 100)
            {
                break;
            }
        }

        Assert.True(characters > 10_000_000, $"{characters} characters");
        Assert.True(domains.Count > 100, $"{domains.Count} domains");
        Assert.InRange(characters / documents, 300, 4096);
        Assert.True(shorter < documents / 10, $"{shorter} of {documents} documents have fewer than 200 characters");
        Assert.Contains(corpus.Files, f => System.IO.Path.GetFileName(f) == "System.Collections.xml");
    }

    [Fact]
    public void Members_become_text()
    {
        const string Xml = """
            <?xml version="1.0"?>
            <doc><assembly><name>A</name></assembly><members>
              <member name="T:N.List`1">
                <summary>Holds   <paramref name="many" />
                  <see cref="T:N.Thing" />s, or <see langword="null"/>. See <see href="https://x">this</see> &amp; <c>a &lt; b</c>.</summary>
                <typeparam name="T">Its <typeparamref name="T"/>.</typeparam>
                <remarks><para>First.</para><para>Second.</para><code>
            if (x)
                y();
            </code>
                  <list><item><term>red</term><description>a colour</description></item></list></remarks>
              </member>
              <member name="M:N.List`1.Add(`0)"><summary>Adds.</summary><param name="item">What.</param><param name="empty"></param><exception cref="T:N.BadException">Never.</exception><returns>A <![CDATA[<count>]]>.</returns></member>
              <member name="M:N.List`1.Undocumented"><inheritdoc/></member>
              <member name="P:N.List`1.Count" />
            </members></doc>
            """;
        using var folder = new TemporaryFolder();
        folder.File("packs/P.Ref/1.0.0/ref/net10.0/A.xml", Xml);

        Document document = Assert.Single(new SdkDocumentationCorpus(folder.Path).Documents());

        Assert.Equal("A", document.Domain);
        Assert.Equal(
            """
            type N.List<T>
            Holds many Things, or null. See this & a < b.
            T: Its T.
            First.
            Second.

            if (x)
                y();
            red: a colour

            method Add(T)
            Adds.
            item: What.
            Throws BadException: Never.
            Returns: A <count>.

            """,
            document.Text);
    }

    [Fact]
    public void Large_types_are_cut_between_members_and_small_ones_joined()
    {
        using var folder = new TemporaryFolder();
        var xml = new StringBuilder("<doc><members>");
        for (int i = 0; i < 50; i++)
        {
            xml.Append($"<member name=\"M:N.Large.Method{i}\"><summary>{new string('x', 300)}</summary></member>");
        }

        for (int i = 0; i < 50; i++)
        {
            xml.Append($"<member name=\"T:N.Small{i}\"><summary>Small.</summary></member>");
        }

        folder.File("packs/P.Ref/1.0.0/ref/net10.0/A.xml", xml.Append("</members></doc>").ToString());
        Document[] documents = [.. new SdkDocumentationCorpus(folder.Path).Documents()];
        Assert.All(documents, d => Assert.InRange(d.Text.Length, 50, 4200));
        Assert.All(documents.Where(d => d.Text.Contains('x', StringComparison.Ordinal)), d => Assert.StartsWith("type N.Large\n\nmethod ", d.Text, StringComparison.Ordinal));
        Assert.InRange(documents.Length, 6, 9);
    }

    [Fact]
    public void The_newest_version_and_framework_are_read_and_an_assembly_once()
    {
        using var folder = new TemporaryFolder();
        foreach (string place in new[] { "P.Ref/9.0.11/ref/net9.0", "P.Ref/10.0.2/ref/net8.0", "P.Ref/10.0.2/ref/net10.0", "P.Ref/10.0.2-rc.1/ref/net10.0", "P.Ref/10.0.10-preview/lib/net10.0", "N.Ref/2.1.0/ref/netstandard2.1", "A.Ref/1.0.0/ref/net10.0" })
        {
            folder.File($"packs/{place}/Z.xml", "<doc/>");
        }

        folder.File("packs/A.Ref/1.0.0/ref/net10.0/B.xml", "<doc/>");
        Assert.Equal(
            ["A.Ref/1.0.0/ref/net10.0/B.xml", "P.Ref/10.0.2/ref/net10.0/Z.xml"],
            new SdkDocumentationCorpus(folder.Path).Files.Select(f => System.IO.Path.GetRelativePath(System.IO.Path.Combine(folder.Path, "packs"), f).Replace('\\', '/')));
    }

    [Theory]
    [InlineData("<!DOCTYPE d [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]><doc><members><member name=\"T:A\">&b;</member></members></doc>")]
    [InlineData("<!DOCTYPE d SYSTEM \"file:///etc/passwd\"><doc/>")]
    [InlineData("<doc><members><member name=\"T:A\">&b;</member></members></doc>")]
    [InlineData("<doc><members><member name=\"T:A\"><summary>x</members></doc>")]
    [InlineData("<doc><members><member name=\"T:A\"><summary>x")]
    [InlineData("not xml")]
    public void Entities_and_broken_files_are_errors_that_name_file_and_line(string xml)
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("packs/P.Ref/1.0.0/ref/net10.0/A.xml", xml);
        CorpusException error = Assert.Throws<CorpusException>(() => new SdkDocumentationCorpus(folder.Path).Documents().Count());
        string line = xml.StartsWith("<!", StringComparison.Ordinal) ? "" : ", line 1";
        Assert.StartsWith($"'{path}'{line}: not an XML documentation file: ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Endless_members_and_deep_nesting_stay_within_bounds()
    {
        using var folder = new TemporaryFolder();
        folder.File("packs/P.Ref/1.0.0/ref/net10.0/A.xml", $"<doc><members><member name=\"T:A\"><summary>{new string('x', 3 << 20)}</summary></member></members></doc>");
        Assert.Contains("longer than 1,048,576", Assert.Throws<CorpusException>(() => new SdkDocumentationCorpus(folder.Path).Documents().Count()).Message, StringComparison.Ordinal);
        folder.File("packs/P.Ref/1.0.0/ref/net10.0/A.xml", $"<doc><members><member name=\"T:A\">{string.Concat(Enumerable.Repeat("<b>", 50_000))}deep{string.Concat(Enumerable.Repeat("</b>", 50_000))}</member></members></doc>");
        Assert.Equal("type A\ndeep\n", Assert.Single(new SdkDocumentationCorpus(folder.Path).Documents()).Text);
    }

    [Fact]
    public void A_place_without_documentation_is_an_error()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains("Install the .NET SDK", Assert.Throws<CorpusException>(() => new SdkDocumentationCorpus(folder.Path)).Message, StringComparison.Ordinal);
    }

    internal static SdkDocumentationCorpus Find()
    {
        try
        {
            return SdkDocumentationCorpus.Find();
        }
        catch (CorpusException e)
        {
            Assert.Skip(e.Message);
            throw;
        }
    }
}
