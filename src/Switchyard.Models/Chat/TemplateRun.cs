using System.Runtime.CompilerServices;
using System.Text;

namespace Switchyard.Models.Chat;

/// <summary>One rendering of a template: its variables, what it has written, and what it may still do.</summary>
/// <remarks>Three counts bound a rendering. Steps bound what runs, work bounds the characters and entries that are gone through or made in all, and lengths bound each text and list. Whatever takes longer than its operands are long counts its work before it begins.</remarks>
internal sealed class TemplateRun
{
    /// <summary>Statements, operations and turns of loops of a rendering.</summary>
    public const int MostSteps = 1_000_000;

    /// <summary>Characters of a text.</summary>
    public const int LongestText = 1 << 24;

    /// <summary>Entries of a list.</summary>
    public const int LongestList = 1 << 20;

    /// <summary>Characters that are gone through or made in all.</summary>
    public const long MostWork = 1L << 27;

    /// <summary>An entry of a list takes the memory of about so many characters.</summary>
    private const int CharactersOfEntry = 16;

    /// <summary>Characters compared at once in a search.</summary>
    private const int ComparedAtOnce = 64;

    private const int DeepestCall = 50;
    private readonly TemplateSource _source;
    private readonly CancellationToken _cancellation;
    private readonly List<Dictionary<string, object?>> _scopes;
    private int _steps;
    private long _work;
    private int _calls;

    public TemplateRun(TemplateSource source, Dictionary<string, object?> variables, TimeProvider clock, CancellationToken cancellation)
    {
        _source = source;
        _scopes = [variables, new(StringComparer.Ordinal)];
        _cancellation = cancellation;
        Clock = clock;
    }

    public TimeProvider Clock { get; }

    public StringBuilder Output { get; private set; } = new();

    /// <summary>The line of the statement that runs.</summary>
    public int Line { get; set; }

    public ChatTemplateException Error(string message, Exception? cause = null) => _source.Error(Line, message, cause);

    /// <summary>Counts a step.</summary>
    public void Step()
    {
        _cancellation.ThrowIfCancellationRequested();
        if (++_steps > MostSteps)
        {
            throw Error($"more than {MostSteps:N0} steps: the template does not end in reasonable time");
        }

        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw Error("the template is nested too deeply");
        }
    }

    /// <summary>Counts the work of going through something once.</summary>
    public void Work(long size)
    {
        _work += size;
        if (_work > MostWork)
        {
            throw Error($"more than {MostWork:N0} characters are handled: the template is without bounds");
        }
    }

    /// <summary>Counts the work of going through a value once, and returns it. Every value that an expression gives passes here.</summary>
    public object? Handled(object? value)
    {
        Work(value is string text ? text.Length + 1L : 1);
        return value;
    }

    /// <summary>Counts the work of looking for a part everywhere in a text, where it nearly fits everywhere.</summary>
    public void Search(string text, string part) => Work(text.Length + ((long)text.Length * part.Length / ComparedAtOnce));

    /// <summary>Counts a text that is about to be made.</summary>
    public void Make(long characters)
    {
        Work(characters <= LongestText ? characters : throw TooLong());
    }

    /// <summary>Counts a list that is about to be made.</summary>
    public void MakeList(long entries)
    {
        Work(entries <= LongestList ? entries * CharactersOfEntry : throw Error($"a list of more than {LongestList:N0} entries is made: the template is without bounds"));
    }

    public void Write(string text) => Append(Output, text);

    /// <summary>Adds to a text that is being made.</summary>
    public void Append(StringBuilder made, string text)
    {
        Work((long)made.Length + text.Length <= LongestText ? text.Length : throw TooLong());
        made.Append(text);
    }

    /// <summary>What a part of the template writes.</summary>
    public string Capture(TemplateStatement part)
    {
        StringBuilder outer = Output;
        Output = new StringBuilder();
        try
        {
            part(this);
            return Output.ToString();
        }
        finally
        {
            Output = outer;
        }
    }

    public object? Get(string name)
    {
        for (int i = _scopes.Count - 1; i >= 0; i--)
        {
            if (_scopes[i].TryGetValue(name, out object? value))
            {
                return value;
            }
        }

        return new TemplateUndefined(name);
    }

    public void Set(string name, object? value) => _scopes[^1][name] = value;

    /// <summary>Runs a part with variables of its own.</summary>
    public T Scoped<T>(Func<T> part)
    {
        _scopes.Add(new Dictionary<string, object?>(StringComparer.Ordinal));
        try
        {
            return part();
        }
        finally
        {
            _scopes.RemoveAt(_scopes.Count - 1);
        }
    }

    /// <summary>Runs the body of a macro: it sees the outermost variables and its own.</summary>
    public string Call(TemplateStatement body)
    {
        if (++_calls > DeepestCall)
        {
            throw Error($"macros call each other more than {DeepestCall} deep");
        }

        int line = Line;
        Dictionary<string, object?>[] hidden = [.. _scopes.Skip(2)];
        _scopes.RemoveRange(2, hidden.Length);
        try
        {
            return Scoped(() => Capture(body));
        }
        finally
        {
            _scopes.AddRange(hidden);
            _calls--;
            Line = line;
        }
    }

    private ChatTemplateException TooLong() => Error($"a text of more than {LongestText:N0} characters is made: the template is without bounds");
}
