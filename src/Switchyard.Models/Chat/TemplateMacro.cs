namespace Switchyard.Models.Chat;

/// <summary>A part of a template that is called with arguments and gives what it writes.</summary>
/// <param name="name">Its name.</param>
/// <param name="parameters">Its parameters, and what they are where they are not given.</param>
/// <param name="body">What it writes.</param>
internal sealed class TemplateMacro(
    string name,
    IReadOnlyList<(string Name, TemplateExpression? Otherwise)> parameters,
    TemplateStatement body)
{
    private readonly string[] _names = [.. parameters.Select(p => p.Name)];

    public object? Call(TemplateRun run, TemplateArguments arguments)
    {
        (arguments with { Name = name }).Require(run, 0, _names);
        return run.Call(_ =>
        {
            foreach ((int i, (string parameter, TemplateExpression? otherwise)) in parameters.Index())
            {
                object missing = new TemplateUndefined(parameter);
                object? given = arguments.Get(i, parameter, missing);
                run.Set(parameter, ReferenceEquals(given, missing) && otherwise is not null ? otherwise(run) : given);
            }

            return body(run);
        });
    }
}
