import { useAuth } from "@akako/sync/react";
import { useEffect, useState, type ReactNode } from "react";

/** The server checks the role again: what is shown is never what protects. */
export function Mentors(): ReactNode {
  const { getToken } = useAuth();
  const [courses, setCourses] = useState<string[]>([]);
  useEffect(() => {
    void (async () => {
      const response = await fetch("/api/courses", { headers: { authorization: `Bearer ${await getToken()}` } });
      if (response.ok) setCourses(((await response.json()) as { courses: string[] }).courses);
    })();
  }, [getToken]);
  return (
    <section>
      <h2>Mentors</h2>
      <ul>
        {courses.map((course) => (
          <li key={course}>{course}</li>
        ))}
      </ul>
    </section>
  );
}
