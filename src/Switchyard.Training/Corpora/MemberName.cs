using System.Text;

namespace Switchyard.Training.Corpora;

/// <summary>
/// The identifier of a documented member, such as <c>M:System.Array.IndexOf``1(``0[],``0)</c> (C# language specification, annex D, "ID string format"),
/// made readable: <c>IndexOf&lt;U&gt;(U[], U)</c>. Type parameters are T, T1, T2… of the type and U, U1, U2… of the method, since the identifier has no names for them.
/// </summary>
internal static class MemberName
{
    /// <summary>The type that declares the member, or the type itself, readable and with its namespace.</summary>
    public static string DeclaringType(string id)
    {
        Split(id, out char kind, out ReadOnlySpan<char> path, out _);
        return kind == 'T' ? Generic(path) : Generic(Owner(path));
    }

    /// <summary>Kind, name and parameters, without the declaring type.</summary>
    public static string Signature(string id)
    {
        Split(id, out char kind, out ReadOnlySpan<char> path, out ReadOnlySpan<char> parameters);
        if (kind == 'T')
        {
            return "type " + Generic(path);
        }

        ReadOnlySpan<char> owner = Owner(path);
        ReadOnlySpan<char> name = owner.Length == 0 ? path : path[(owner.Length + 1)..];
        string readable = name is "#ctor" or "#cctor" ? Short(owner) : Generic(name).Replace('#', '.').Replace('{', '<').Replace('}', '>').Replace('@', ',');
        string word = kind switch
        {
            'M' when name is "#ctor" or "#cctor" => "constructor",
            'M' => "method",
            'P' => "property",
            'F' => "field",
            'E' => "event",
            _ => "member",
        };
        return parameters.Length > 0
            ? $"{word} {readable}({Types(parameters, Arity(owner), Arity(name))})"
            : $"{word} {readable}{(kind == 'M' ? "()" : "")}";
    }

    /// <summary>How a sentence refers to it: a type by its short name, a member by type and name.</summary>
    public static string Reference(string id)
    {
        Split(id, out char kind, out ReadOnlySpan<char> path, out _);
        ReadOnlySpan<char> owner = Owner(path);
        if (kind is 'T' or 'N' or '!' || owner.Length == 0)
        {
            return kind == 'N' ? path.ToString() : Short(path);
        }

        ReadOnlySpan<char> name = path[(owner.Length + 1)..];
        return name is "#ctor" ? Short(owner) : $"{Short(owner)}.{Generic(name).Replace('#', '.')}";
    }

    private static void Split(string id, out char kind, out ReadOnlySpan<char> path, out ReadOnlySpan<char> parameters)
    {
        int colon = id.IndexOf(':');
        kind = colon == 1 ? id[0] : colon > 1 ? 'O' : '!';
        path = id.AsSpan(colon + 1);
        parameters = [];
        int open = path.IndexOf('(');
        if (open >= 0)
        {
            int close = path.LastIndexOf(')');
            parameters = close > open ? path[(open + 1)..close] : path[(open + 1)..];
            path = path[..open];
        }
    }

    private static ReadOnlySpan<char> Owner(ReadOnlySpan<char> path) => path[..Math.Max(0, path.LastIndexOf('.'))];

    private static string Short(ReadOnlySpan<char> path) => Generic(path[(path.LastIndexOf('.') + 1)..]);

    private static int Arity(ReadOnlySpan<char> name)
    {
        int tick = name.LastIndexOf('`');
        return tick >= 0 && int.TryParse(name[(tick + 1)..], out int arity) ? arity : 0;
    }

    /// <summary>Replaces each <c>`n</c> and <c>``n</c> by a list of type parameters.</summary>
    private static string Generic(ReadOnlySpan<char> name)
    {
        if (!name.Contains('`'))
        {
            return name.ToString();
        }

        var result = new StringBuilder();
        for (int i = 0; i < name.Length;)
        {
            if (name[i] != '`')
            {
                result.Append(name[i++]);
                continue;
            }

            int count = ReadTicks(name, ref i, out bool method);
            IEnumerable<string> parameters = Enumerable.Range(0, Math.Min(count, 32)).Select(n => Parameter(method, n, count));
            result.Append('<').AppendJoin(", ", parameters).Append('>');
        }

        return result.ToString();
    }

    private static string Parameter(bool method, int index, int count) => (method ? "U" : "T") + (count > 1 ? index + 1 : "");

    private static int ReadTicks(ReadOnlySpan<char> text, ref int i, out bool method)
    {
        method = text[i..].StartsWith("``");
        i += method ? 2 : 1;
        int from = i;
        while (i < text.Length && char.IsAsciiDigit(text[i]))
        {
            i++;
        }

        return int.TryParse(text[from..i], out int number) ? number : 0;
    }

    /// <summary>The types of parameters, without namespaces.</summary>
    private static string Types(ReadOnlySpan<char> parameters, int typeArity, int methodArity)
    {
        var result = new StringBuilder();
        int start = 0;
        int word = 0;
        int depth = 0;
        for (int i = 0; i < parameters.Length;)
        {
            char c = parameters[i];
            switch (c)
            {
                case '.':
                    // A namespace goes; the name of a type nested in a generic one stays behind its owner.
                    if (i > 0 && parameters[i - 1] == '}')
                    {
                        result.Append('.');
                        word = result.Length;
                    }
                    else
                    {
                        result.Length = word;
                    }

                    i++;
                    break;
                case '`':
                    int index = ReadTicks(parameters, ref i, out bool method);
                    result.Append(Parameter(method, index, method ? methodArity : typeArity));
                    break;
                case '@':
                    result.Insert(start, "ref ");
                    i++;
                    break;
                case ',':
                    result.Append(", ");
                    word = result.Length;
                    start = depth == 0 ? word : start;
                    i++;
                    break;
                default:
                    depth += c is '{' or '[' or '(' ? 1 : c is '}' or ']' or ')' ? -1 : 0;
                    result.Append(c switch { '{' => '<', '}' => '>', _ => c });
                    word = c is '{' or '(' or '[' ? result.Length : word;
                    i++;
                    break;
            }
        }

        return result.ToString();
    }
}
