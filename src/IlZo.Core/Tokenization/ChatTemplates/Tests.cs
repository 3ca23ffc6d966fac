using System.Numerics;

namespace IlZo.Tokenization.ChatTemplates;

/// <summary>What stands behind <c>is</c>.</summary>
internal delegate bool TemplateTest(object? value, CallArguments arguments);

/// <summary>The tests of templates.</summary>
internal static class Tests
{
    private static readonly Dictionary<string, TemplateTest> s_all = new(StringComparer.Ordinal)
    {
        ["defined"] = (value, _) => value is not Undefined,
        ["undefined"] = (value, _) => value is Undefined,
        ["none"] = (value, _) => value is null,
        ["string"] = (value, _) => value is string,
        ["mapping"] = (value, _) => value is OrderedDictionary<string, object?>,

        // Jinja's undefined value has the methods of a sequence and of a function, which raise when they are used.
        ["sequence"] = (value, _) => value is string or List<object?> or OrderedDictionary<string, object?> or Undefined
            && value is not TemplateView { Written: null },
        ["iterable"] = (value, _) =>
            value is string or List<object?> or TemplateIterator or OrderedDictionary<string, object?> or Undefined,
        ["callable"] = (value, _) => value is TemplateFunction or Undefined,
        ["number"] = (value, _) => value is long or double or bool or BigInteger,
        ["integer"] = (value, _) => value is long or BigInteger,
        ["float"] = (value, _) => value is double,
        ["boolean"] = (value, _) => value is bool,
        ["true"] = (value, _) => value is true,
        ["false"] = (value, _) => value is false,
        ["odd"] = (value, a) => Remainder(value, 2L, a) is 1L or 1.0,
        ["even"] = (value, a) => Remainder(value, 2L, a) is 0L or 0.0,
        ["divisibleby"] = (value, a) => Remainder(value, a.Allow("num").Get(0, "num"), a) is 0L or 0.0,
        ["upper"] = (value, a) => PythonCase.Is(Text(value, a), upper: true),
        ["lower"] = (value, a) => PythonCase.Is(Text(value, a), upper: false),
        ["in"] = (value, a) => CompareExpression.Contains(a.Context, a.Position, a.Allow("seq").Get(0, "seq"), value),
        ["sameas"] = (value, a) => AreSame(value, a.Allow("other").Get(0, "other")),
        ["filter"] = (value, a) => value is string name && Filters.Find(name) is not null,
        ["test"] = (value, a) => value is string name && Find(name) is not null,
        ["eq"] = AreEqual,
        ["equalto"] = AreEqual,
        ["=="] = AreEqual,
        ["ne"] = (value, a) => !AreEqual(value, a),
        ["!="] = (value, a) => !AreEqual(value, a),
        ["lt"] = (value, a) => Ordered("<", value, a),
        ["lessthan"] = (value, a) => Ordered("<", value, a),
        ["<"] = (value, a) => Ordered("<", value, a),
        ["le"] = (value, a) => Ordered("<=", value, a),
        ["<="] = (value, a) => Ordered("<=", value, a),
        ["gt"] = (value, a) => Ordered(">", value, a),
        ["greaterthan"] = (value, a) => Ordered(">", value, a),
        [">"] = (value, a) => Ordered(">", value, a),
        ["ge"] = (value, a) => Ordered(">=", value, a),
        [">="] = (value, a) => Ordered(">=", value, a),
    };

    /// <summary>The names, for messages.</summary>
    public static string Known => string.Join(", ", s_all.Keys);

    public static TemplateTest? Find(string name) => s_all.GetValueOrDefault(name);

    private static bool AreEqual(object? value, CallArguments arguments) =>
        arguments.Context.Comparer.Equals(value, arguments.Allow("other").Get(0, "other"));

    private static bool Ordered(string symbol, object? value, CallArguments arguments) =>
        CompareExpression.Holds(arguments.Context, arguments.Position, symbol, value, arguments.Allow("other").Get(0, "other"));

    // Identity, which small values have by their value.
    private static bool AreSame(object? value, object? other) =>
        value is null or bool or long or string
            ? value?.GetType() == other?.GetType() && Equals(value, other)
            : ReferenceEquals(value, other);

    private static string Text(object? value, CallArguments arguments)
    {
        string text = ValueText.Of(value, arguments.Budget);
        arguments.Budget.Work(text.Length);
        return text;
    }

    private static object? Remainder(object? value, object? divisor, CallArguments arguments) =>
        ArithmeticExpression.Compute(arguments.Context, arguments.Position, "%", TemplateValue.Plain(value), TemplateValue.Plain(divisor));
}
