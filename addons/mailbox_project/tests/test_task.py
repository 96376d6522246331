from odoo.addons.mailbox_sync.tests.routing_common import RoutingCase
from odoo.tests.common import tagged


@tagged("post_install", "-at_install")
class TestTask(RoutingCase):
    def test_a_mail_becomes_a_task_and_replies_join_it(self):
        project = self.env["project.project"].create({"name": "House"})
        tag = self.env["project.tags"].create({"name": "By mail"})
        self.rule(
            name="Tasks",
            target_model="project.task",
            project_id=project.id,
            project_tag_ids=[(6, 0, tag.ids)],
            user_id=self.colleague.id,
        )
        decision = self.deliver("Paint the door")
        self.assertEqual(decision.outcome, "created")
        task = self.env["project.task"].browse(decision.link_ids.res_id)
        self.assertEqual((task.name, task.project_id), ("Paint the door", project))
        self.assertEqual((task.tag_ids, task.user_ids), (tag, self.colleague))
        reply = self.deliver("Re: Paint the door", in_reply_to="<1.out@shop.test>")
        self.assertEqual((reply.outcome, reply.link_ids.res_id), ("joined", task.id))
        self.assertEqual(len(self.lines(task)), 2)

    def test_tasks_of_a_batch_are_made_at_once_each_from_its_own_mail(self):
        project = self.env["project.project"].create({"name": "House"})
        self.rule(name="Tasks", target_model="project.task", project_id=project.id)
        subjects = ["Paint the door", "Mend the roof", "Clean the yard"]
        decisions = self.deliver_all(
            *({"subject": one, "body": f"{one} now.\n"} for one in subjects)
        )
        self.assertEqual([one.outcome for one in decisions], ["created"] * 3)
        for number, decision in enumerate(decisions):
            task = self.env["project.task"].browse(decision.link_ids.res_id)
            self.assertEqual((task.name, task.project_id), (subjects[number], project))
            self.assertEqual(task.partner_id.email_normalized, f"bob@shop{number}.test")
            self.assertIn(f"{subjects[number]} now.", task.description)
            self.assertEqual(self.lines(task).message_id, f"<{number + 1}.out@shop.test>")
            self.assertEqual(self.lines(task).author_id, task.partner_id)
