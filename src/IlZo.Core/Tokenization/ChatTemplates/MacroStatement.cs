namespace IlZo.Tokenization.ChatTemplates;

/// <summary>A macro's parameters and body, which becomes a text each time it is called.</summary>
/// <param name="Parameters">The parameters with what stands for those that are not given.</param>
/// <param name="Special">Which of <c>varargs</c>, <c>kwargs</c> and <c>caller</c> its body names, and so takes.</param>
/// <param name="Body">The body.</param>
internal sealed record MacroBody(
    IReadOnlyList<(string Name, Expression? Default)> Parameters, IReadOnlySet<string> Special, IReadOnlyList<Statement> Body)
{
    /// <summary>What a body can name besides the parameters.</summary>
    public static readonly string[] SpecialNames = ["varargs", "kwargs", "caller"];

    /// <summary>The function, in the scope in which the macro stands.</summary>
    public TemplateFunction In(RenderContext context)
    {
        var outer = context.Scope;
        return new TemplateFunction(arguments => Call(arguments, outer), outer);
    }

    private string Call(CallArguments arguments, Scope outer)
    {
        var context = arguments.Context;
        string[] names = [.. Parameters.Select(p => p.Name)];
        context.Budget.Map(names.Length + SpecialNames.Length);
        var scope = new Scope(outer);
        int beyond = arguments.Positional.Count - names.Length;
        if (Special.Contains("varargs"))
        {
            context.Budget.List(Math.Max(0, beyond));
            scope.Set("varargs", new TemplateTuple(arguments.Positional.Skip(names.Length)));
            arguments = beyond > 0 ? arguments with { Positional = [.. arguments.Positional.Take(names.Length)] } : arguments;
        }

        if (Special.Contains("caller"))
        {
            scope.Set("caller", arguments.Named.GetValueOrDefault("caller") ?? new Undefined("caller"));
        }

        if (Special.Contains("kwargs"))
        {
            context.Budget.Map(arguments.Named.Count);
            scope.Set(
                "kwargs", new OrderedDictionary<string, object?>(arguments.Named.Where(n => !names.Contains(n.Key) && n.Key != "caller")));
        }
        else
        {
            arguments.Allow([.. names, .. Special.Contains("caller") ? ["caller"] : (string[])[]]);
        }

        for (int i = 0; i < names.Length; i++)
        {
            var (name, otherwise) = Parameters[i];
            if (arguments.TryGet(i, name, out var value))
            {
                scope.Set(name, value);
            }
            else if (otherwise is null)
            {
                scope.Set(name, new Undefined(name));
            }
            else
            {
                context.Within(scope, () => value = otherwise.Evaluate(context));
                scope.Set(name, value);
            }
        }

        return context.Capture(arguments.Position, scope, () => Statement.RunAll(Body, context));
    }
}

/// <summary><c>{% macro name(parameters) %}</c>: a function whose value is the text of its body.</summary>
internal sealed record MacroStatement(string Name, MacroBody Macro, int Position) : Statement(Position)
{
    public override Flow Run(RenderContext context)
    {
        context.Scope.Set(Name, Macro.In(context));
        return Flow.Normal;
    }
}

/// <summary>
/// <c>{% call(parameters) macro(arguments) %}</c>: writes what a macro makes, whose <c>caller()</c> is the text of the body.
/// </summary>
internal sealed record CallStatement(CallExpression Call, MacroBody Macro, int Position) : Statement(Position)
{
    public override Flow Run(RenderContext context)
    {
        ValueText.Write(context.Output, Call.EvaluateWith("caller", Macro.In(context), context));
        return Flow.Normal;
    }
}
