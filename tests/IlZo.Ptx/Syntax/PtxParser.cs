using System.Globalization;

namespace IlZo.Ptx.Syntax;

/// <summary>Reads the statements of a function's body.</summary>
public sealed class PtxParser
{
    private readonly string _text;
    private readonly List<(string Text, int Start)> _tokens;
    private int _next;

    internal PtxParser(string text)
    {
        _text = text;
        _tokens = PtxLexer.Read(text);
    }

    internal bool IsAtEnd => _next == _tokens.Count;

    /// <summary>Reads a text that consists of statements.</summary>
    /// <exception cref="PtxException">It does not.</exception>
    public static IReadOnlyList<PtxStatement> Parse(string text)
    {
        var parser = new PtxParser(text);
        var statements = new List<PtxStatement>();
        int depth = 0;
        while (!parser.IsAtEnd)
        {
            depth = parser.Statement(statements, depth);
        }

        return depth == 0 ? statements : throw new PtxException($"A brace is not closed in '{text}'.");
    }

    /// <summary>Reads one statement, or a lone semicolon, and says how many braces are open then.</summary>
    internal int Statement(List<PtxStatement> statements, int depth)
    {
        if (IsAtEnd)
        {
            throw Error("it ends too early");
        }

        if (Accept(";"))
        {
            return depth;
        }

        if (Accept("{"))
        {
            statements.Add(new ScopeStart());
            return depth + 1;
        }

        if (Accept("}"))
        {
            statements.Add(new ScopeEnd());
            return depth > 0 ? depth - 1 : throw Error("a brace is closed that was not opened");
        }

        if (Peek().StartsWith('.'))
        {
            DeclarationOf(statements);
        }
        else if (Peek(1) == ":")
        {
            statements.Add(new Label(Take()));
            _next++;
        }
        else
        {
            statements.Add(InstructionOf());
        }

        return depth;
    }

    internal string Peek(int ahead = 0) => _next + ahead < _tokens.Count ? _tokens[_next + ahead].Text : string.Empty;

    internal string Take() => IsAtEnd ? throw Error("it ends too early") : _tokens[_next++].Text;

    internal bool Accept(string token)
    {
        bool found = Peek() == token;
        _next += found ? 1 : 0;
        return found;
    }

    internal void Expect(string token)
    {
        if (!Accept(token))
        {
            throw Error($"'{token}' was expected, '{Peek()}' found");
        }
    }

    internal int Integer() => checked((int)Number().Bits);

    /// <summary>Reads what follows the name of a space up to the name of a variable: alignment and type.</summary>
    internal (PtxType Type, int Alignment) TypeAndAlignment()
    {
        int alignment = Accept(".align") ? Integer() : 0;
        string name = Take();
        return PtxTypes.TryParse(name, out var type) ? (type, Math.Max(alignment, type.Bytes())) : throw Error($"'{name}' is no type");
    }

    /// <summary>Reads a number of elements in brackets: null without brackets, 0 where they are empty.</summary>
    internal int? Length()
    {
        if (!Accept("["))
        {
            return null;
        }

        int length = Peek() == "]" ? 0 : Integer();
        Expect("]");
        return length;
    }

    internal PtxException Error(string problem)
    {
        int start = _next < _tokens.Count ? _tokens[_next].Start : _text.Length;
        int line = _text.AsSpan(0, start).Count('\n') + 1;
        return new PtxException($"Line {line} of the PTX: {problem}, in '{_text.Split('\n')[line - 1].Trim()}'.");
    }

    private void DeclarationOf(List<PtxStatement> statements)
    {
        string space = Take();
        if (space is not (".reg" or ".shared" or ".local"))
        {
            _next--;
            throw Error($"the directive '{space}' is not known");
        }

        var (type, alignment) = TypeAndAlignment();
        do
        {
            string name = Take();
            int? count = null;
            if (Accept("<"))
            {
                count = Integer();
                Expect(">");
            }

            statements.Add(new Declaration(space, type, name, count, Length(), alignment));
        }
        while (Accept(","));
        Expect(";");
    }

    private Instruction InstructionOf()
    {
        int start = _tokens[_next].Start;
        string? guard = null;
        bool isNegated = false;
        if (Accept("@"))
        {
            isNegated = Accept("!");
            guard = Take();
        }

        string opcode = Take();
        var operands = new List<Operand>();
        if (Peek() != ";")
        {
            do
            {
                operands.Add(OperandOf());
            }
            while (Accept(","));
        }

        int end = _next < _tokens.Count ? _tokens[_next].Start : _text.Length;
        Expect(";");
        return new Instruction(_text[start..end].Trim(), opcode, guard, isNegated, operands);
    }

    private Operand OperandOf()
    {
        if (Accept("{"))
        {
            var elements = new List<Operand>();
            do
            {
                elements.Add(OperandOf());
            }
            while (Accept(","));
            Expect("}");
            return new VectorOperand(elements);
        }

        if (Accept("["))
        {
            var address = AddressOf();
            Expect("]");
            return address;
        }

        return Peek() == "-" || char.IsAsciiDigit(Peek().FirstOrDefault()) ? Number() : new NameOperand(Take());
    }

    private AddressOperand AddressOf()
    {
        string? name = char.IsAsciiDigit(Peek().FirstOrDefault()) ? null : Take();
        if (name is not null && !Accept("+") && Peek() != "-")
        {
            return new AddressOperand(name, 0);
        }

        return new AddressOperand(name, (long)Number().Bits);
    }

    private NumberOperand Number()
    {
        bool isNegative = Accept("-");
        string word = Take();
        string prefix = word.Length > 2 ? word[..2] : string.Empty;
        var culture = CultureInfo.InvariantCulture;
        ulong bits;
        switch (prefix)
        {
            case "0f" or "0F" when word.Length == 10 && uint.TryParse(word[2..], NumberStyles.AllowHexSpecifier, culture, out uint single):
                return new NumberOperand(single ^ (isNegative ? 1u << 31 : 0), PtxType.F32);
            case "0d" or "0D" when word.Length == 18 && ulong.TryParse(word[2..], NumberStyles.AllowHexSpecifier, culture, out bits):
                return new NumberOperand(bits ^ (isNegative ? 1ul << 63 : 0), PtxType.F64);
            case "0x" or "0X" when ulong.TryParse(word[2..], NumberStyles.AllowHexSpecifier, culture, out bits):
                break;
            default:
                if (!ulong.TryParse(word.TrimEnd('U'), NumberStyles.None, culture, out bits))
                {
                    _next--;
                    throw Error($"'{word}' is no number");
                }

                break;
        }

        return new NumberOperand(isNegative ? 0 - bits : bits, null);
    }
}
