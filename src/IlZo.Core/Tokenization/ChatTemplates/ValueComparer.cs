using System.Runtime.CompilerServices;

namespace IlZo.Tokenization.ChatTemplates;

/// <summary>Python's <c>==</c> and <c>in</c>, within the limits of a rendering.</summary>
internal sealed class ValueComparer(RenderBudget budget) : IEqualityComparer<object?>
{
    private const int CharactersOfUnit = 4;

    public new bool Equals(object? a, object? b)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        budget.Work(RenderBudget.Element);
        switch (a, b)
        {
            case (string left, string right):
                return left.Length == right.Length && AreSame(left, right);
            case (long left, long right):
                return left == right;
            case (List<object?> left, List<object?> right):
                return ReferenceEquals(left, right) || (left.GetType() == right.GetType() && left.Count == right.Count
                    && left.Zip(right).All(p => Equals(p.First, p.Second)));
            case (OrderedDictionary<string, object?> left, OrderedDictionary<string, object?> right):
                return ReferenceEquals(left, right) || (left.Count == right.Count
                    && left.All(p => TryGet(right, p.Key, out var other) && Equals(p.Value, other)));
            case (Undefined, Undefined):
                return true;
            default:
                return TemplateValue.TryNumber(a, out double x) && TemplateValue.TryNumber(b, out double y) ? x == y : object.Equals(a, b);
        }
    }

    public int GetHashCode(object? value)
    {
        budget.Work(RenderBudget.Element);
        switch (value)
        {
            case string text:
                budget.Work(text.Length);
                return text.GetHashCode(StringComparison.Ordinal);
            case List<object?> list:
                return list.Count;
            case OrderedDictionary<string, object?> map:
                return map.Count;
            case Undefined or null:
                return 0;
            default:
                return TemplateValue.TryNumber(value, out double number) ? number.GetHashCode() : value.GetHashCode();
        }
    }

    /// <summary>Whether a value is in a list, a key in a mapping, or a string in another; null where it cannot be looked for.</summary>
    public bool? IsIn(object? value, object? container)
    {
        switch (container, value)
        {
            case (string text, string part):
                budget.Search(text, part);
                return text.Contains(part, StringComparison.Ordinal);
            case (List<object?> list, _):
                return list.Exists(item => Equals(item, value));
            case (TemplateIterator iterator, _):
                int at = iterator.Rest.TakeWhile(item => !Equals(item, value)).Count();
                return iterator.Take(at + 1).Count > at;
            case (OrderedDictionary<string, object?> map, _):
                return value is string key && TryGet(map, key, out _);
            case (Undefined, _):
                return false;
            default:
                return null;
        }
    }

    /// <summary>The value of a key.</summary>
    public bool TryGet(OrderedDictionary<string, object?> map, string key, out object? value)
    {
        budget.Work(RenderBudget.Element + key.Length);
        return map.TryGetValue(key, out value);
    }

    /// <summary>
    /// Which of two values is first: numbers, strings, or lists of such. Nothing is less or greater than what is not a number.
    /// </summary>
    /// <returns>False where they have no order.</returns>
    public bool TryOrder(object? a, object? b, out int? order)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        budget.Work(RenderBudget.Element);
        (a, b) = (TemplateValue.Plain(a), TemplateValue.Plain(b));
        order = 0;
        switch (a, b)
        {
            case (long left, long right):
                order = left.CompareTo(right);
                return true;
            case (string left, string right):
                budget.Work(Math.Min(left.Length, right.Length) / CharactersOfUnit);
                order = PythonText.Compare(left, right);
                return true;
            case (List<object?> left, List<object?> right) when left.GetType() == right.GetType() && left is not TemplateView:
                foreach (var (mine, other) in left.Zip(right))
                {
                    if (!Equals(mine, other))
                    {
                        return TryOrder(mine, other, out order);
                    }
                }

                order = left.Count.CompareTo(right.Count);
                return true;
            default:
                bool numbers = TemplateValue.TryNumber(a, out double x) & TemplateValue.TryNumber(b, out double y);
                order = double.IsNaN(x) || double.IsNaN(y) ? null : x.CompareTo(y);
                return numbers;
        }
    }

    private bool AreSame(string a, string b)
    {
        budget.Work(a.Length / CharactersOfUnit);
        return string.Equals(a, b, StringComparison.Ordinal);
    }
}
