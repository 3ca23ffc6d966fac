using System.Runtime.CompilerServices;

namespace IlZo.Tokenization.ChatTemplates;

/// <summary>Reads the statements of a template.</summary>
internal sealed class TemplateParser
{
    private const string Statements = "if, for, set, with, filter, macro, call, break, continue, generation and raw are";

    private readonly TokenReader _tokens;
    private readonly ExpressionParser _expressions;

    private TemplateParser(TemplateSource source)
    {
        _tokens = new TokenReader(source);
        _expressions = new ExpressionParser(_tokens);
    }

    public static IReadOnlyList<Statement> Parse(TemplateSource source)
    {
        var parser = new TemplateParser(source);
        return parser.Body(out _);
    }

    // Statements up to a block that begins with one of the words, whose word is taken, or to the end where there are none.
    private List<Statement> Body(out string end, params ReadOnlySpan<string> ends)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        var body = new List<Statement>();
        while (true)
        {
            var at = _tokens.Take();
            switch (at.Kind)
            {
                case TemplateTokenKind.Text:
                    body.Add(new TextStatement(at.Text, at.Position));
                    break;
                case TemplateTokenKind.OutputBegin:
                    body.Add(new OutputStatement(_expressions.ParseTuple(), at.Position));
                    _tokens.Expect(TemplateTokenKind.OutputEnd, "an operator or }}");
                    break;
                case TemplateTokenKind.BlockBegin:
                    var word = _tokens.Current;
                    string name = _tokens.Name();
                    if (ends.Contains(name))
                    {
                        end = name;
                        return body;
                    }

                    body.Add(Block(name, word.Position));
                    break;
                default:
                    end = string.Empty;
                    return ends.Length == 0
                        ? body
                        : throw _tokens.Error(at.Position, $"the template ends; {string.Join(" or ", ends.ToArray())} was expected");
            }
        }
    }

    private Statement Block(string name, int position)
    {
        switch (name)
        {
            case "if":
                return If(position);
            case "for":
                return For(position);
            case "set":
                return Set(position);
            case "with":
                return With(position);
            case "filter":
                return Filter(position);
            case "macro":
                return Macro(position);
            case "call":
                return Call(position);
            case "break" or "continue":
                EndTag();
                return new JumpStatement(name == "break" ? Flow.Break : Flow.Continue, position);
            case "generation":
                EndTag();
                return new GenerationStatement(BodyUntil("endgeneration"), position);
            default:
                throw _tokens.Error(position, $"the statement '{name}' is not supported; {Statements}");
        }
    }

    private IfStatement If(int position)
    {
        var branches = new List<(Expression?, IReadOnlyList<Statement>)>();
        string end = "if";
        while (end != "endif")
        {
            var condition = end == "else" ? null : _expressions.ParseTuple();
            EndTag();
            branches.Add((condition, condition is null ? Body(out end, "endif") : Body(out end, "elif", "else", "endif")));
        }

        EndTag();
        return new IfStatement(branches, position);
    }

    private ForStatement For(int position)
    {
        var target = Target(members: false);
        _tokens.Word("in");
        var items = _expressions.ParseTuple(withCondition: false);
        var filter = _tokens.TryWord("if") ? _expressions.Parse() : null;
        if (_tokens.Current.Is(TemplateTokenKind.Name, "recursive"))
        {
            throw _tokens.Error(_tokens.Current.Position, "recursive loops are not supported");
        }

        EndTag();
        var body = Body(out string end, "else", "endfor");
        IReadOnlyList<Statement> otherwise = [];
        if (end == "else")
        {
            EndTag();
            otherwise = Body(out _, "endfor");
        }

        EndTag();
        return new ForStatement(target, items, filter, body, otherwise, position);
    }

    private SetStatement Set(int position)
    {
        var target = Target(members: true);
        if (_tokens.TryOperator("="))
        {
            var value = _expressions.ParseTuple();
            EndTag();
            return new SetStatement(target, value, [], [], position);
        }

        if (target is TupleTarget)
        {
            throw _tokens.Unexpected("'='");
        }

        IReadOnlyList<AppliedFilter> filters = _tokens.TryOperator("|") ? _expressions.Chain() : [];
        EndTag();
        return new SetStatement(target, null, filters, BodyUntil("endset"), position);
    }

    // Names, members of namespaces where they are allowed, and several of them with commas between, in parentheses or not.
    private AssignTarget Target(bool members)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        int position = _tokens.Current.Position;
        var targets = new List<AssignTarget>();
        bool several = false;
        do
        {
            targets.Add(One());
            several |= _tokens.Current.Is(TemplateTokenKind.Operator, ",");
        }
        while (_tokens.TryOperator(",") && (_tokens.Current.Is(TemplateTokenKind.Operator, "(")
            || (_tokens.Current.Kind == TemplateTokenKind.Name && _tokens.Current.Text != "in")));
        return several ? new TupleTarget(targets, position) : targets[0];

        AssignTarget One()
        {
            if (_tokens.TryOperator("("))
            {
                var inner = Target(members: false);
                _tokens.Operator(")");
                return inner;
            }

            int at = _tokens.Current.Position;
            string name = _tokens.Name();
            return members && _tokens.TryOperator(".") ? new MemberTarget(name, _tokens.Name(), at) : new NameTarget(name, at);
        }
    }

    private WithStatement With(int position)
    {
        var names = new List<(AssignTarget, Expression)>();
        while (_tokens.Current.Kind != TemplateTokenKind.BlockEnd)
        {
            if (names.Count > 0)
            {
                _tokens.Operator(",");
            }

            var target = new NameTarget(_tokens.Name(), _tokens.Current.Position);
            _tokens.Operator("=");
            names.Add((target, _expressions.Parse()));
        }

        EndTag();
        return new WithStatement(names, BodyUntil("endwith"), position);
    }

    private FilterStatement Filter(int position)
    {
        var filters = _expressions.Chain();
        EndTag();
        return new FilterStatement(filters, BodyUntil("endfilter"), position);
    }

    private MacroStatement Macro(int position)
    {
        string name = _tokens.Name();
        return new MacroStatement(name, MacroBody("endmacro", Parameters(), name), position);
    }

    private CallStatement Call(int position)
    {
        var parameters = _tokens.Current.Is(TemplateTokenKind.Operator, "(") ? Parameters() : [];
        int at = _tokens.Current.Position;
        var call = _expressions.Parse() as CallExpression ?? throw _tokens.Error(
            at, "the statement 'call' has something else; a call of a macro was expected");
        return new CallStatement(call, MacroBody("endcall", parameters, null), position);
    }

    private List<(string, Expression?)> Parameters()
    {
        var parameters = new List<(string, Expression?)>();
        _tokens.Operator("(");
        while (!_tokens.TryOperator(")"))
        {
            parameters.Add((_tokens.Name(), _tokens.TryOperator("=") ? _expressions.Parse() : null));
            if (!_tokens.TryOperator(","))
            {
                _tokens.Operator(")");
                break;
            }
        }

        return parameters;
    }

    private MacroBody MacroBody(string end, List<(string, Expression?)> parameters, string? name)
    {
        EndTag();
        List<Statement> body = [];
        var names = _expressions.NamesIn(() => body = Body(out _, end));
        if (name is not null && _tokens.Current.Is(TemplateTokenKind.Name, name))
        {
            _tokens.Take();
        }

        EndTag();
        return new MacroBody(parameters, ChatTemplates.MacroBody.SpecialNames.Where(names.Contains).ToHashSet(), body);
    }

    private List<Statement> BodyUntil(string end)
    {
        var body = Body(out _, end);
        EndTag();
        return body;
    }

    private void EndTag() => _tokens.Expect(TemplateTokenKind.BlockEnd, "%}");
}
