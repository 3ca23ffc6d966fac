using System.Text;
using IlZo.Tasks;
using Xunit;

namespace IlZo.Core.Tests.Tasks;

/// <summary>Examples of rows written in a test.</summary>
internal static class Rows
{
    public static ExampleList Read(TaskDefinition definition, params string[] lines)
    {
        using var reader = new JsonlReader(new MemoryStream(Encoding.UTF8.GetBytes(string.Join('\n', lines))), "rows.jsonl");
        return ExampleList.Read(definition, reader);
    }

    public static Example One(string task, string row) => Assert.Single(Read(TaskCatalog.Load(task), row));
}
