using System.Numerics;
using System.Runtime.ExceptionServices;

namespace IlZo.Tokenization.ChatTemplates;

// Filters that compare elements with each other.
internal static partial class Filters
{
    /// <summary>Items in the order of their keys; equal ones as they were.</summary>
    public static List<T> SortedBy<T>(IReadOnlyCollection<T> items, CallArguments arguments, Func<T, object?> key, bool descending)
    {
        arguments.Budget.List(items.Count);
        arguments.Budget.Work(RenderBudget.Element * (long)items.Count * (1 + BitOperations.Log2((uint)items.Count)));
        var order = Comparer<object?>.Create((a, b) => Compared(a, b, arguments));
        try
        {
            return descending ? [.. items.OrderByDescending(key, order)] : [.. items.OrderBy(key, order)];
        }
        catch (InvalidOperationException e) when (e.InnerException is { } inner)
        {
            // The library wraps what a comparison throws.
            ExceptionDispatchInfo.Throw(inner);
            throw;
        }
    }

    private static int Compared(object? a, object? b, CallArguments arguments) => arguments.Context.Comparer.TryOrder(a, b, out int? order)
        ? order ?? 0
        : throw arguments.Error(
            $"{TemplateValue.KindOf(a)} is compared with {TemplateValue.KindOf(b)}; numbers alone or strings alone were expected");

    // What an element is compared by: itself or its attribute, strings in lower case unless case counts.
    private static Func<object?, object?> Key(CallArguments arguments, bool caseSensitive, object? attribute) => item =>
    {
        var value = attribute is null ? item : Attribute(item, attribute, arguments);
        return value is string text && !caseSensitive ? Changed(text, arguments, PythonCase.Lower) : value;
    };

    private static bool Flag(CallArguments arguments, int index, string name) =>
        arguments.TryGet(index, name, out var flag) && TemplateValue.IsTrue(flag);

    private static object? Optional(CallArguments arguments, int index, string name) =>
        arguments.TryGet(index, name, out var value) ? value : null;

    private static object? Sort(object? value, CallArguments arguments)
    {
        arguments.Allow("reverse", "case_sensitive", "attribute");
        bool caseSensitive = Flag(arguments, 1, "case_sensitive");
        var attribute = Optional(arguments, 2, "attribute");
        var keys = (attribute is string several && several.Contains(',')
            ? several.Split(',')
            : new[] { attribute }).Select(a => Key(arguments, caseSensitive, a)).ToArray();
        var items = Elements(value, arguments);
        return SortedBy(items, arguments, keys is [var only] ? only : item => new List<object?>(keys.Select(k => k(item))), Flag(
            arguments, 0, "reverse"));
    }

    private static object? SortMapping(object? value, CallArguments arguments)
    {
        arguments.Allow("case_sensitive", "by", "reverse");
        int place = arguments.TryGet(1, "by", out var by) ? by switch
        {
            "key" => 0,
            "value" => 1,
            _ => throw arguments.Error("the argument 'by' was expected to be 'key' or 'value'"),
        }
        : 0;
        var key = Key(arguments, Flag(arguments, 0, "case_sensitive"), null);
        return SortedBy(Pairs(value, arguments), arguments, pair => key(((TemplateTuple)pair!)[place]), Flag(arguments, 2, "reverse"));
    }

    private static object? Extreme(object? value, CallArguments arguments, int sign)
    {
        arguments.Allow("case_sensitive", "attribute");
        var key = Key(arguments, Flag(arguments, 0, "case_sensitive"), Optional(arguments, 1, "attribute"));
        object? best = new Undefined("the least or greatest of nothing");
        object? bestKey = null;
        foreach (var item in Elements(value, arguments))
        {
            var itemKey = key(item);
            if (best is Undefined || Compared(itemKey, bestKey, arguments) * sign > 0)
            {
                (best, bestKey) = (item, itemKey);
            }
        }

        return best;
    }

    private static object? Sum(object? value, CallArguments arguments)
    {
        arguments.Allow("attribute", "start");
        var attribute = Optional(arguments, 0, "attribute");
        var sum = arguments.TryGet(1, "start", out var start) ? start : 0L;
        if (sum is string)
        {
            throw arguments.Error("strings are not added; 'join' was expected");
        }

        foreach (var item in Elements(value, arguments))
        {
            var part = attribute is null ? item : Attribute(item, attribute, arguments);
            sum = ArithmeticExpression.Compute(
                arguments.Context, arguments.Position, "+", TemplateValue.Plain(sum), TemplateValue.Plain(part));
        }

        return sum;
    }

    private static object? Unique(object? value, CallArguments arguments)
    {
        const int SetBytes = 48;
        arguments.Allow("case_sensitive", "attribute");
        var key = Key(arguments, Flag(arguments, 0, "case_sensitive"), Optional(arguments, 1, "attribute"));
        var items = Elements(value, arguments);
        arguments.Budget.List(items.Count, SetBytes);
        return new TemplateIterator([.. items.DistinctBy(key, arguments.Context.Comparer)]);
    }
}
