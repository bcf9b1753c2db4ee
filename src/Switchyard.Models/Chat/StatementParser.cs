namespace Switchyard.Models.Chat;

/// <summary>Parses text, outputs and blocks into functions.</summary>
internal sealed class StatementParser
{
    private readonly TemplateCursor _cursor;
    private readonly ExpressionParser _expressions;
    private int _loops;

    public StatementParser(TemplateCursor cursor)
    {
        _cursor = cursor;
        _expressions = new ExpressionParser(cursor);
    }

    /// <summary>The whole template.</summary>
    public TemplateStatement Parse() => Body("the template", 1);

    /// <summary>Everything up to a block of one of the given names, whose name is the next token then; with no name up to the end.</summary>
    private TemplateStatement Body(string what, int line, params string[] ends) => _cursor.Nested<TemplateStatement>(() =>
    {
        List<TemplateStatement> statements = [];
        while (true)
        {
            TemplateToken token = _cursor.Current;
            switch (token.Kind)
            {
                case TemplateTokenKind.End:
                    return ends.Length == 0 ? run => RunAll(statements, run) : throw _cursor.Error($"'{what}' of line {line} has no '{ends[^1]}'");
                case TemplateTokenKind.Text:
                    _cursor.Next();
                    statements.Add(run => Write(run, token.Text));
                    break;
                case TemplateTokenKind.OutputBegin:
                    _cursor.Next();
                    TemplateExpression value = _expressions.ParseList();
                    _cursor.End(TemplateTokenKind.OutputEnd);
                    statements.Add(At(token.Line, run => Write(run, TemplateValues.Text(run, value(run)))));
                    break;
                default:
                    _cursor.Next();
                    if (_cursor.Current.Kind == TemplateTokenKind.Name && ends.Contains(_cursor.Current.Text, StringComparer.Ordinal))
                    {
                        return run => RunAll(statements, run);
                    }

                    statements.Add(At(token.Line, Block()));
                    break;
            }
        }
    });

    /// <summary>A body that no loop around it can be left from.</summary>
    private TemplateStatement Apart(string what, int line, string end)
    {
        int loops = _loops;
        _loops = 0;
        TemplateStatement body = Body(what, line, end);
        _loops = loops;
        return body;
    }

    private TemplateStatement Block()
    {
        int line = _cursor.Line;
        string name = _cursor.Name();
        switch (name)
        {
            case "if":
                return If(line);
            case "for":
                return For(line);
            case "set":
                return Set(line);
            case "macro":
                return Macro(line);
            case "break" or "continue":
                if (_loops == 0)
                {
                    throw _cursor.Error($"'{name}' stands outside a loop");
                }

                _cursor.End(TemplateTokenKind.BlockEnd);
                return name is "break" ? _ => TemplateFlow.Break : _ => TemplateFlow.Continue;
            case "generation":
                // Marks what an assistant says, for training; it changes nothing of the text.
                _cursor.End(TemplateTokenKind.BlockEnd);
                TemplateStatement body = Body(name, line, "endgeneration");
                Close();
                return body;
            default:
                throw _cursor.Error(name.StartsWith("end", StringComparison.Ordinal) || name is "else" or "elif" ? $"'{name}' ends nothing here" : $"the block '{name}' is not known");
        }
    }

    private TemplateStatement If(int line)
    {
        List<(TemplateExpression Condition, TemplateStatement Body)> branches = [];
        TemplateStatement? otherwise = null;
        string next = "if";
        while (next is "if" or "elif")
        {
            TemplateExpression condition = _expressions.Parse();
            _cursor.End(TemplateTokenKind.BlockEnd);
            branches.Add((condition, Body("if", line, "elif", "else", "endif")));
            next = _cursor.Name();
        }

        if (next is "else")
        {
            _cursor.End(TemplateTokenKind.BlockEnd);
            otherwise = Body("if", line, "endif");
            _cursor.Name();
        }

        _cursor.End(TemplateTokenKind.BlockEnd);
        return run =>
        {
            foreach ((TemplateExpression condition, TemplateStatement body) in branches)
            {
                if (TemplateValues.Truth(condition(run)))
                {
                    return body(run);
                }
            }

            return otherwise?.Invoke(run) ?? TemplateFlow.Next;
        };
    }

    private TemplateStatement For(int line)
    {
        string[] names = Targets();
        if (!_cursor.TakeName("in"))
        {
            throw _cursor.Unexpected("'in'");
        }

        TemplateExpression values = _expressions.ParseWithoutChoice();
        TemplateExpression? condition = _cursor.TakeName("if") ? _expressions.Parse() : null;
        if (_cursor.AtName("recursive"))
        {
            throw _cursor.Error("a loop that is 'recursive' is not known");
        }

        _cursor.End(TemplateTokenKind.BlockEnd);
        _loops++;
        TemplateStatement body = Body("for", line, "else", "endfor");
        _loops--;
        TemplateStatement? otherwise = null;
        if (_cursor.TakeName("else"))
        {
            _cursor.End(TemplateTokenKind.BlockEnd);
            otherwise = Body("for", line, "endfor");
        }

        Close();
        return new TemplateLoop(names, values, condition, body, otherwise).Run;
    }

    private TemplateStatement Set(int line)
    {
        string[] names = Targets();
        string? attribute = names.Length == 1 && _cursor.TakeOperator(".") ? _cursor.Name() : null;
        if (_cursor.TakeOperator("="))
        {
            TemplateExpression value = _expressions.ParseList();
            _cursor.End(TemplateTokenKind.BlockEnd);
            return run => Assign(run, names, attribute, value(run));
        }

        if (_cursor.AtOperator("|"))
        {
            throw _cursor.Error("'set' with a body and a filter is not known");
        }

        _cursor.End(TemplateTokenKind.BlockEnd);
        TemplateStatement body = Apart("set", line, "endset");
        Close();
        return run => Assign(run, names, attribute, run.Capture(r => r.Scoped(() => body(r))));
    }

    private TemplateStatement Macro(int line)
    {
        string name = _cursor.Name();
        List<(string Name, TemplateExpression? Otherwise)> parameters = [];
        _cursor.Operator("(");
        while (!_cursor.TakeOperator(")"))
        {
            if (parameters.Count > 0)
            {
                _cursor.Operator(",");
            }

            string parameter = _cursor.Name();
            _cursor.Few(parameters.Count);
            parameters.Add((parameter, _cursor.TakeOperator("=") ? _expressions.Parse() : null));
        }

        _cursor.End(TemplateTokenKind.BlockEnd);
        TemplateStatement body = Apart("macro", line, "endmacro");
        Close();
        TemplateFunction macro = new TemplateMacro(name, parameters, body).Call;
        return run =>
        {
            run.Set(name, macro);
            return TemplateFlow.Next;
        };
    }

    private string[] Targets()
    {
        bool bracket = _cursor.TakeOperator("(");
        List<string> names = [_cursor.Name()];
        while (_cursor.TakeOperator(","))
        {
            names.Add(_cursor.Name());
        }

        if (bracket)
        {
            _cursor.Operator(")");
        }

        return [.. names];
    }

    private void Close()
    {
        _cursor.Name();
        _cursor.End(TemplateTokenKind.BlockEnd);
    }

    private static TemplateStatement At(int line, TemplateStatement statement) => run =>
    {
        run.Line = line;
        run.Step();
        return statement(run);
    };

    private static TemplateFlow RunAll(List<TemplateStatement> statements, TemplateRun run)
    {
        foreach (TemplateStatement statement in statements)
        {
            TemplateFlow flow = statement(run);
            if (flow != TemplateFlow.Next)
            {
                return flow;
            }
        }

        return TemplateFlow.Next;
    }

    private static TemplateFlow Write(TemplateRun run, string text)
    {
        run.Write(text);
        return TemplateFlow.Next;
    }

    private static TemplateFlow Assign(TemplateRun run, string[] names, string? attribute, object? value)
    {
        if (attribute is null)
        {
            TemplateLoop.Unpack(run, names, value);
        }
        else if (run.Get(names[0]) is TemplateNamespace space)
        {
            space.Values[attribute] = value;
        }
        else
        {
            throw run.Error($"'{names[0]}' is no namespace, whose attributes alone can be set");
        }

        return TemplateFlow.Next;
    }
}
