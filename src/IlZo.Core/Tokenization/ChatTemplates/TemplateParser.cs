using System.Runtime.CompilerServices;

namespace IlZo.Tokenization.ChatTemplates;

/// <summary>Reads the statements of a template.</summary>
internal sealed class TemplateParser
{
    private const string Statements = "if, for, set, macro, break, continue, generation and raw are";

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
                    return ends.Length == 0 ? body : throw _tokens.Error(at.Position, $"the template ends; {string.Join(" or ", ends.ToArray())} was expected");
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
            case "macro":
                return Macro(position);
            case "break" or "continue":
                EndTag();
                return new JumpStatement(name == "break" ? Flow.Break : Flow.Continue, position);
            case "generation":
                EndTag();
                var body = Body(out _, "endgeneration");
                EndTag();
                return new GenerationStatement(body, position);
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
        var targets = new List<string>();
        bool parentheses = _tokens.TryOperator("(");
        do
        {
            targets.Add(_tokens.Name());
        }
        while (_tokens.TryOperator(","));

        if (parentheses)
        {
            _tokens.Operator(")");
        }

        _tokens.Word("in");
        var items = _expressions.Parse(withCondition: false);
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
        return new ForStatement(targets, items, filter, body, otherwise, position);
    }

    private SetStatement Set(int position)
    {
        string name = _tokens.Name();
        string? member = _tokens.TryOperator(".") ? _tokens.Name() : null;
        if (_tokens.TryOperator("="))
        {
            var value = _expressions.ParseTuple();
            EndTag();
            return new SetStatement(name, member, value, [], position);
        }

        EndTag();
        var body = Body(out _, "endset");
        EndTag();
        return new SetStatement(name, member, null, body, position);
    }

    private MacroStatement Macro(int position)
    {
        string name = _tokens.Name();
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

        EndTag();
        var body = Body(out _, "endmacro");
        if (_tokens.Current.Is(TemplateTokenKind.Name, name))
        {
            _tokens.Take();
        }

        EndTag();
        return new MacroStatement(name, parameters, body, position);
    }

    private void EndTag() => _tokens.Expect(TemplateTokenKind.BlockEnd, "%}");
}
