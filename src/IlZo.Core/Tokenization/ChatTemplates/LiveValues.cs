using System.Collections;
using System.Text;

namespace IlZo.Tokenization.ChatTemplates;

/// <summary>Measures the memory that values take.</summary>
internal static class LiveValues
{
    private const int ObjectBytes = 32;
    private const int EntryBytes = 56;

    /// <summary>The bytes of a mapping's or a scope's entries, without their names and values.</summary>
    public static long MapBytes(long count) => (2 * ObjectBytes) + (EntryBytes * count);

    /// <summary>The bytes of all that can be reached, each object once however often it is shared.</summary>
    /// <param name="roots">Values, scopes and the text that is being written.</param>
    public static long Bytes(IEnumerable<object?> roots)
    {
        var seen = new HashSet<object>(ReferenceEqualityComparer.Instance);
        var open = new Stack<object?>(roots);
        long bytes = 0;
        while (open.TryPop(out var value))
        {
            // Numbers are many and small: each is counted where it stands instead of being remembered.
            if (value is null or bool or long or double)
            {
                bytes += value is null ? 0 : ObjectBytes;
            }
            else if (seen.Add(value))
            {
                bytes += Own(value, open);
            }
        }

        return bytes;
    }

    // The bytes of a value without those in it, which are opened.
    private static long Own(object value, Stack<object?> open)
    {
        switch (value)
        {
            case string text:
                return ObjectBytes + (sizeof(char) * (long)text.Length);
            case StringBuilder text:
                return ObjectBytes + (sizeof(char) * (long)text.Length);
            case IReadOnlyList<object?> list:
                Push(list);
                return ObjectBytes + (sizeof(long) * (long)list.Count);
            case OrderedDictionary<string, object?> map:
                Push(map.Keys);
                Push(map.Values);
                return MapBytes(map.Count);
            case TemplateNamespace space:
                Push(space.Members.Values);
                return MapBytes(space.Members.Count);
            case TemplateIterator iterator:
                Push(iterator.Rest);
                return ObjectBytes;
            case TemplateFunction function:
                open.Push(function.Holds);
                return ObjectBytes;
            case LoopChanges changes:
                open.Push(changes.Last);
                return ObjectBytes;
            case Scope scope:
                Push(scope.Values);
                open.Push(scope.Outer);
                return MapBytes(scope.Values.Count);
            case Undefined undefined:
                open.Push(undefined.Name);
                return ObjectBytes;
            default:
                return ObjectBytes;
        }

        void Push(IEnumerable values)
        {
            foreach (object? item in values)
            {
                open.Push(item);
            }
        }
    }
}
