using System.Collections;
using System.Text.Json;

namespace IlZo.Tasks;

/// <summary>
/// The examples of one file. Every row is checked when the file is read; texts are made only for the examples that are asked
/// for, so that a large file costs little where a sample of it is used.
/// </summary>
internal sealed class ExampleList : IReadOnlyList<Example>
{
    private readonly RowTemplate _template;
    private readonly string _file;
    private readonly List<(byte[] Utf8, int Line)> _rows = [];
    private readonly List<(int Row, int[] Elements)> _examples = [];

    private ExampleList(TaskDefinition definition, string file)
    {
        _template = definition.Template;
        _file = file;
    }

    /// <summary>The number of examples; where a task makes several of one row, more than there are rows.</summary>
    public int Count => _examples.Count;

    /// <summary>Makes an example's texts, anew at each call.</summary>
    public Example this[int index] => Make(index, (in TaskRow row) => _template.Render(row));

    /// <summary>Makes an example's texts as they are without its content, which only a task with a content-free prompt has.</summary>
    public Example ContentFree(int index) => Make(index, (in TaskRow row) => _template.RenderContentFree(row));

    /// <summary>Reads all rows and checks each.</summary>
    /// <param name="definition">What the rows are read for.</param>
    /// <param name="reader">Rows, one JSON object per line.</param>
    /// <exception cref="InvalidInputException">A row is broken or does not suit the task, or there is none.</exception>
    public static ExampleList Read(TaskDefinition definition, JsonlReader reader)
    {
        var result = new ExampleList(definition, reader.Name);
        while (reader.Read())
        {
            using var document = reader.ParseObject();
            int before = result.Count;
            result.Add([document.RootElement], [], reader);
            if (result.Count > before)
            {
                result._rows.Add((reader.Line.ToArray(), reader.LineNumber));
            }
        }

        return result.Count > 0
            ? result
            : throw new InvalidInputException($"{reader.Name}: holds no examples; expected one JSON object per line.");
    }

    /// <inheritdoc/>
    public IEnumerator<Example> GetEnumerator()
    {
        for (int i = 0; i < Count; i++)
        {
            yield return this[i];
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private delegate Example Renderer(in TaskRow row);

    private Example Make(int index, Renderer render)
    {
        var (row, elements) = _examples[index];
        var (utf8, line) = _rows[row];
        using var document = JsonDocument.Parse(utf8);
        var scopes = new JsonElement[elements.Length + 1];
        scopes[0] = document.RootElement;
        for (int level = 0; level < elements.Length; level++)
        {
            _template.Each!.TryGetList(scopes, level, out var list);
            scopes[level + 1] = list[elements[level]];
        }

        return render(new TaskRow(scopes, _file, line));
    }

    // Goes through the nested lists depth first: the examples of a row keep the order in which they are written.
    private void Add(JsonElement[] scopes, int[] elements, JsonlReader reader)
    {
        int level = elements.Length;
        JsonElement list = default;
        bool nested = level < (_template.Each?.Depth ?? 0) && _template.Each!.TryGetList(scopes, level, out list);
        if (!nested)
        {
            // A row without the list is one example by itself, as in the flat form some hubs publish.
            _template.Check(new TaskRow(scopes, _file, reader.LineNumber));
            _examples.Add((_rows.Count, elements));
            return;
        }

        if (list.ValueKind != JsonValueKind.Array)
        {
            throw reader.Error(
                $"\"{_template.Each!.Text}\" meets a JSON {list.ValueKind.ToString().ToLowerInvariant()}; expected a list");
        }

        int i = 0;
        foreach (var element in list.EnumerateArray())
        {
            Add([.. scopes, element], [.. elements, i], reader);
            i++;
        }
    }
}
