namespace IlZo.Gguf;

/// <summary>The key-value pairs of a GGUF file.</summary>
/// <param name="path">The file, for messages.</param>
internal sealed class GgufFields(string path)
{
    private readonly Dictionary<string, object> _values = new(StringComparer.Ordinal);

    /// <summary>Reads the value of a key.</summary>
    public void Read(string key, GgufCursor cursor)
    {
        long at = cursor.Position;
        if (!_values.TryAdd(key, Value(cursor, cursor.UInt32())))
        {
            throw cursor.Error(at, $"the key '{key}' a second time", "each once");
        }
    }

    public bool Has(string key) => _values.ContainsKey(key);

    /// <summary>A string.</summary>
    public string Text(string key) => FindText(key) ?? throw Error(key, "nothing", "a string");

    /// <summary>A string; null where there is none of the key.</summary>
    public string? FindText(string key) => Find<string>(key, "a string");

    /// <summary>A whole number from 0 to 2³¹ − 1.</summary>
    public int Integer(string key) => FindInteger(key) ?? throw Error(key, "nothing", "a whole number");

    /// <summary>The same; null where there is none of the key.</summary>
    public int? FindInteger(string key) => _values.GetValueOrDefault(key) switch
    {
        null => null,
        ulong and <= int.MaxValue and var number => (int)(ulong)number,
        long and >= 0 and <= int.MaxValue and var number => (int)(long)number,
        var other => throw Error(key, Shown(other), $"a whole number from 0 to {int.MaxValue}"),
    };

    /// <summary>A finite number.</summary>
    public double Number(string key) => FindNumber(key) ?? throw Error(key, "nothing", "a number");

    /// <summary>The same; null where there is none of the key.</summary>
    public double? FindNumber(string key) => _values.GetValueOrDefault(key) switch
    {
        null => null,
        double number when double.IsFinite(number) => number,
        ulong number => number,
        long number => number,
        var other => throw Error(key, Shown(other), "a finite number"),
    };

    /// <summary>Yes or no; null where there is none of the key.</summary>
    public bool? FindFlag(string key) =>
        _values.GetValueOrDefault(key) is not { } value ? null : value is bool flag ? flag : throw Error(key, Shown(value), "yes or no");

    /// <summary>Refuses a number that is none of some; nothing is as good as one of them.</summary>
    public void Require(string key, params IReadOnlyList<double> values)
    {
        if (FindNumber(key) is { } number && !values.Contains(number))
        {
            throw Error(key, Shown(number), string.Join(" or ", values.Select(v => Shown(v))));
        }
    }

    /// <summary>
    /// The id of a token; null where there is none of the key, or it is −1, also as a number without a sign, which stands for none.
    /// Source: LLAMA_TOKEN_NULL (ggml-org/llama.cpp include/llama.h).
    /// </summary>
    /// <param name="key">The key.</param>
    /// <param name="count">How many tokens there are.</param>
    public int? FindToken(string key, int count) => _values.GetValueOrDefault(key) switch
    {
        null or -1L or (ulong)uint.MaxValue => null,
        ulong id when id < (ulong)count => (int)id,
        long id and >= 0 when id < count => (int)id,
        var other => throw Error(key, Shown(other), $"one of the {count} tokens, 0 to {count - 1}, or {uint.MaxValue} for none"),
    };

    /// <summary>Strings.</summary>
    public IReadOnlyList<string> Texts(string key) => Find<string[]>(key, "strings") ?? throw Error(key, "nothing", "strings");

    /// <summary>Numbers; null where there is none of the key.</summary>
    public IReadOnlyList<double>? FindNumbers(string key) => Find<double[]>(key, "numbers");

    /// <summary>What is wrong with a value.</summary>
    public InvalidInputException Error(string key, string found, string expectation) =>
        new($"{path}: key '{key}': got {found}; expected {expectation}.");

    private T? Find<T>(string key, string expectation)
        where T : class =>
        _values.GetValueOrDefault(key) is not { } value ? null : value as T ?? throw Error(key, Shown(value), expectation);

    private static string Shown(object value) => value switch
    {
        string text => $"'{(text.Length > 40 ? text[..40] + "…" : text)}'",
        Array values => $"a list of {values.Length}",
        _ => FormattableString.Invariant($"{value}"),
    };

    private static object Value(GgufCursor cursor, uint type)
    {
        long at = cursor.Position;
        return type switch
        {
            8 => cursor.Text(),
            9 => List(cursor),
            _ => Scalar(cursor, type) ?? throw cursor.Error(at - 4, $"the type {type} of a value", "0 to 12"),
        };
    }

    private static object? Scalar(GgufCursor cursor, uint type) => type switch
    {
        0 => (ulong)cursor.Byte(),
        1 => (long)(sbyte)cursor.Byte(),
        2 => (ulong)cursor.UInt16(),
        3 => (long)(short)cursor.UInt16(),
        4 => (ulong)cursor.UInt32(),
        5 => (long)(int)cursor.UInt32(),
        6 => (double)cursor.Single(),
        7 => cursor.Byte() != 0,
        10 => cursor.UInt64(),
        11 => (long)cursor.UInt64(),
        12 => cursor.Double(),
        _ => null,
    };

    // Lists of lists are of no key that is read.
    private static Array List(GgufCursor cursor)
    {
        long at = cursor.Position;
        uint type = cursor.UInt32();
        if (type == 8)
        {
            string[] texts = new string[cursor.Count("strings", sizeof(ulong))];
            for (int i = 0; i < texts.Length; i++)
            {
                texts[i] = cursor.Text();
            }

            return texts;
        }

        double[] numbers = new double[cursor.Count("numbers", 1)];
        for (int i = 0; i < numbers.Length; i++)
        {
            numbers[i] = Scalar(cursor, type) switch
            {
                ulong number => number,
                long number => number,
                double number => number,
                bool flag => flag ? 1 : 0,
                _ => throw cursor.Error(at, $"a list of values of type {type}", "a list of numbers or strings"),
            };
        }

        return numbers;
    }
}
