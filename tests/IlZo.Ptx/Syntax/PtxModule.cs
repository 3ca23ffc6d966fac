namespace IlZo.Ptx.Syntax;

/// <summary>A function of a module.</summary>
/// <param name="Name">Its name.</param>
/// <param name="IsEntry">Whether it is a kernel.</param>
/// <param name="Parameters">What it is given, and what it returns.</param>
/// <param name="MaxThreads">The largest group that it may be launched with; null where it does not say.</param>
/// <param name="Statements">Its body; empty where it is only declared.</param>
public sealed record PtxFunction(
    string Name, bool IsEntry, IReadOnlyList<Declaration> Parameters, int? MaxThreads, IReadOnlyList<PtxStatement> Statements);

/// <summary>A whole text, as a driver is given.</summary>
/// <param name="Variables">What it declares outside of functions.</param>
/// <param name="Functions">The functions.</param>
public sealed record PtxModule(IReadOnlyList<Declaration> Variables, IReadOnlyList<PtxFunction> Functions)
{
    private static readonly string[] s_linkage = [".visible", ".extern", ".weak"];

    /// <summary>Reads a text.</summary>
    /// <exception cref="PtxException">It is none.</exception>
    public static PtxModule Parse(string text)
    {
        var parser = new PtxParser(text);
        parser.Expect(".version");
        parser.Take();
        parser.Expect(".target");
        parser.Take();
        parser.Expect(".address_size");
        parser.Expect("64");
        var variables = new List<Declaration>();
        var functions = new List<PtxFunction>();
        while (!parser.IsAtEnd)
        {
            while (s_linkage.Contains(parser.Peek()))
            {
                parser.Take();
            }

            if (parser.Peek() is ".entry" or ".func")
            {
                functions.Add(Function(parser));
            }
            else
            {
                variables.Add(Variable(parser));
                parser.Expect(";");
            }
        }

        return new PtxModule(variables, functions);
    }

    private static PtxFunction Function(PtxParser parser)
    {
        bool isEntry = parser.Take() == ".entry";
        var parameters = parser.Peek() == "(" ? Parameters(parser) : [];
        string name = parser.Take();
        parameters.AddRange(Parameters(parser));
        int? maxThreads = null;
        if (parser.Accept(".maxntid"))
        {
            maxThreads = parser.Integer();
            foreach (string token in (string[])[",", "1", ",", "1"])
            {
                parser.Expect(token);
            }
        }

        // How many groups a multiprocessor is to hold limits registers only.
        if (parser.Accept(".minnctapersm"))
        {
            parser.Integer();
        }

        var statements = new List<PtxStatement>();
        if (!parser.Accept(";"))
        {
            parser.Expect("{");
            for (int depth = 1; depth > 0;)
            {
                depth = parser.Statement(statements, depth);
            }

            // The closing brace of the body.
            statements.RemoveAt(statements.Count - 1);
        }

        return new PtxFunction(name, isEntry, parameters, maxThreads, statements);
    }

    private static List<Declaration> Parameters(PtxParser parser)
    {
        var parameters = new List<Declaration>();
        parser.Expect("(");
        while (!parser.Accept(")"))
        {
            parameters.Add(Variable(parser));
            parser.Accept(",");
        }

        return parameters;
    }

    private static Declaration Variable(PtxParser parser)
    {
        string space = parser.Take();
        var (type, alignment) = parser.TypeAndAlignment();
        string name = parser.Take();
        return new Declaration(space, type, name, null, parser.Length(), alignment);
    }
}
