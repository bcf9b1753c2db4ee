using System.Runtime.CompilerServices;
using System.Text;

namespace Switchyard.Models.Chat;

/// <summary>One rendering of a template: its variables, what it has written, and what it may still do.</summary>
internal sealed class TemplateRun
{
    /// <summary>Statements, calls and turns of loops of a rendering.</summary>
    public const int MostSteps = 1_000_000;

    /// <summary>Characters of a text, and entries of a list.</summary>
    public const int LongestText = 1 << 24;

    /// <summary>Characters and entries handled in all.</summary>
    public const long MostWork = 1L << 29;

    private const int DeepestCall = 50;
    private readonly List<Dictionary<string, object?>> _scopes;
    private int _steps;
    private long _work;
    private int _calls;

    public TemplateRun(Dictionary<string, object?> variables, TimeProvider clock, CancellationToken cancellation)
    {
        _scopes = [variables, new(StringComparer.Ordinal)];
        Clock = clock;
        Cancellation = cancellation;
    }

    public TimeProvider Clock { get; }

    public StringBuilder Output { get; private set; } = new();

    /// <summary>The line of the statement that runs.</summary>
    public int Line { get; set; }

    private CancellationToken Cancellation { get; }

    public ChatTemplateException Error(string message) => new($"chat template, line {Line}: {message}");

    /// <summary>Counts a step.</summary>
    public void Step()
    {
        Cancellation.ThrowIfCancellationRequested();
        if (++_steps > MostSteps)
        {
            throw Error($"more than {MostSteps:N0} steps: the template does not end in reasonable time");
        }

        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw Error("the template is nested too deeply");
        }
    }

    /// <summary>Counts what is about to be made.</summary>
    public void Work(long size)
    {
        _work += size;
        if (size > LongestText || _work > MostWork)
        {
            throw Error($"more than {(size > LongestText ? LongestText : MostWork):N0} characters or entries are made: the template is without bounds");
        }
    }

    public void Write(string text)
    {
        Work(Output.Length + (long)text.Length > LongestText ? LongestText + 1L : text.Length);
        Output.Append(text);
    }

    /// <summary>What a part of the template writes.</summary>
    public string Capture(Action part)
    {
        StringBuilder outer = Output;
        Output = new StringBuilder();
        try
        {
            part();
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
    public string Call(Action body)
    {
        if (++_calls > DeepestCall)
        {
            throw Error($"macros call each other more than {DeepestCall} deep");
        }

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
        }
    }
}
