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
        ["sequence"] = (value, _) => value is string or List<object?> or OrderedDictionary<string, object?>,
        ["iterable"] = (value, _) => value is string or List<object?> or OrderedDictionary<string, object?> or Undefined,
        ["number"] = (value, _) => value is long or double or bool,
        ["integer"] = (value, _) => value is long,
        ["float"] = (value, _) => value is double,
        ["boolean"] = (value, _) => value is bool,
        ["callable"] = (value, _) => value is TemplateFunction,
        ["true"] = (value, _) => value is true,
        ["false"] = (value, _) => value is false,
        ["odd"] = (value, a) => Remainder(value, 2, a) == 1,
        ["even"] = (value, a) => Remainder(value, 2, a) == 0,
        ["divisibleby"] = (value, a) => Remainder(value, a.Allow("num").Integer(0, "num") ?? 0, a) == 0,
        ["in"] = (value, a) => CompareExpression.Contains(a.Context, a.Position, a.Allow("seq").Get(0, "seq"), value),
        ["equalto"] = AreEqual,
        ["eq"] = AreEqual,
        ["=="] = AreEqual,
        ["ne"] = (value, a) => !AreEqual(value, a),
        ["!="] = (value, a) => !AreEqual(value, a),
    };

    /// <summary>The names, for messages.</summary>
    public static string Known => string.Join(", ", s_all.Keys);

    public static TemplateTest? Find(string name) => s_all.GetValueOrDefault(name);

    private static bool AreEqual(object? value, CallArguments arguments) =>
        arguments.Context.Comparer.Equals(value, arguments.Allow("other").Get(0, "other"));

    private static long Remainder(object? value, long divisor, CallArguments arguments) => (value, divisor) switch
    {
        (_, 0) => throw arguments.Error("the divisor is 0"),
        (long, -1) => 0,
        (long number, _) => Math.Abs(number % divisor),
        _ => throw arguments.Error($"the value is {TemplateValue.KindOf(value)}; a whole number was expected"),
    };
}
