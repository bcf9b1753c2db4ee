using System.Text;
using System.Xml;

namespace Switchyard.Training.Corpora;

/// <summary>
/// Turns a file of XML documentation comments into documents: the members of a type together, cut between members at about 4,096 characters, small types
/// joined up to 512. Each document starts with the name of its type. The file is streamed; document types (and with them entities) are refused.
/// </summary>
internal static class XmlDocumentation
{
    private const int Small = 512;
    private const int Large = 4096;
    private const int LongestMember = 1 << 20;

    private static readonly XmlReaderSettings Settings = new()
    {
        DtdProcessing = DtdProcessing.Prohibit,
        XmlResolver = null,
        IgnoreComments = true,
        IgnoreProcessingInstructions = true,
        MaxCharactersInDocument = 1L << 30,
        CloseInput = true,
    };

    /// <summary>Reads a file; all its documents have the same domain.</summary>
    /// <exception cref="CorpusException">It is not a documentation file.</exception>
    public static IEnumerable<Document> Read(string path, string domain)
    {
        using XmlReader reader = XmlReader.Create(CorpusFiles.Open(path), Settings);
        var document = new StringBuilder();
        var prose = new ProseBuilder();
        string type = "";
        string first = "";
        while (NextMember(reader, prose, path) is string id)
        {
            if (prose.Length == 0)
            {
                continue;
            }

            string owner = MemberName.DeclaringType(id);
            if (document.Length > 0 && (document.Length + prose.Length > Large || (owner != type && document.Length >= Small)))
            {
                yield return new Document(document.ToString(), domain, $"{path}#{first}");
                document.Clear();
            }

            string signature = MemberName.Signature(id);
            if (document.Length == 0)
            {
                first = id;
                type = "";
            }
            else
            {
                document.Append('\n');
            }

            if (owner != type && !signature.StartsWith("type ", StringComparison.Ordinal))
            {
                document.Append("type ").Append(owner).Append("\n\n");
            }

            type = owner;
            document.Append(signature).Append('\n').Append(prose.ToString()).Append('\n');
        }

        if (document.Length > 0)
        {
            yield return new Document(document.ToString(), domain, $"{path}#{first}");
        }
    }

    /// <summary>Reads up to the end of the next member, its text into <paramref name="prose"/>; null at the end of the file.</summary>
    private static string? NextMember(XmlReader reader, ProseBuilder prose, string path)
    {
        prose.Clear();
        try
        {
            while (reader.Read())
            {
                if (reader.NodeType == XmlNodeType.Element && reader.Name == "member")
                {
                    string id = reader.GetAttribute("name") ?? "";
                    if (!reader.IsEmptyElement)
                    {
                        ReadMember(reader, prose, id, path);
                    }

                    return id;
                }
            }

            return null;
        }
        catch (XmlException e)
        {
            // A document type is refused without a line.
            string line = e.LineNumber > 0 ? $", line {e.LineNumber}" : "";
            throw new CorpusException($"'{path}'{line}: not an XML documentation file: {e.Message}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CorpusException($"Cannot read '{path}': {e.Message}", e);
        }
    }

    private static void ReadMember(XmlReader reader, ProseBuilder prose, string id, string path)
    {
        int depth = reader.Depth;
        int code = int.MaxValue;
        char[] buffer = new char[1024];
        while (reader.Read() && reader.Depth > depth)
        {
            switch (reader.NodeType)
            {
                case XmlNodeType.Element:
                    Open(reader, prose);
                    code = reader.Name == "code" && !reader.IsEmptyElement ? Math.Min(code, reader.Depth) : code;
                    break;
                case XmlNodeType.EndElement:
                    code = reader.Depth <= code ? int.MaxValue : code;
                    if (IsBlock(reader.Name))
                    {
                        prose.Break();
                    }

                    break;
                case XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.Whitespace or XmlNodeType.SignificantWhitespace:
                    for (int read; (read = reader.ReadValueChunk(buffer, 0, buffer.Length)) > 0;)
                    {
                        if (code == int.MaxValue)
                        {
                            prose.Words(buffer.AsSpan(0, read));
                        }
                        else
                        {
                            prose.Verbatim(buffer.AsSpan(0, read));
                        }

                        if (prose.Length > LongestMember)
                        {
                            throw new CorpusException($"'{path}': the text of '{id}' is longer than {LongestMember:N0} characters.");
                        }
                    }

                    break;
            }
        }
    }

    private static bool IsBlock(string element) => element is
        "summary" or "remarks" or "remark" or "value" or "returns" or "return" or "param" or "typeparam" or "exception" or "example" or "examples"
        or "para" or "p" or "code" or "list" or "listheader" or "item" or "br" or "ul" or "ol" or "li" or "div" or "table" or "tr";

    private static void Open(XmlReader reader, ProseBuilder prose)
    {
        string element = reader.Name;
        if (IsBlock(element))
        {
            prose.Break();
        }

        switch (element)
        {
            case "param" or "typeparam":
                prose.Label($"{reader.GetAttribute("name")}: ");
                break;
            case "returns" or "return":
                prose.Label("Returns: ");
                break;
            case "exception":
                prose.Label($"Throws {MemberName.Reference(reader.GetAttribute("cref") ?? "")}: ");
                break;
            case "description" when !prose.AtLineStart:
                prose.Words(": ");
                break;
            case "paramref" or "typeparamref":
                prose.Words(reader.GetAttribute("name"));
                break;
            case "see" or "seealso" or "xref" when reader.IsEmptyElement:
                prose.Words(reader.GetAttribute("cref") is string cref ? MemberName.Reference(cref) : reader.GetAttribute("langword") ?? reader.GetAttribute("href") ?? "");
                break;
        }
    }
}
